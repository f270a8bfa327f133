"""The tables of docs/watching.md, out of the code. `python -m scripts.watching` writes them."""

import re
from collections.abc import Iterator
from pathlib import Path

from reminder.events import Event
from reminder.office.metrics import METRICS

PAGE = Path(__file__).parents[1] / "docs" / "watching.md"


def events() -> Iterator[tuple[str, str]]:
    for event in Event:
        yield f"`{event}`", event.meaning


def metrics() -> Iterator[tuple[str, ...]]:
    for metric in METRICS:
        name = f"{metric.name}_total" if metric.kind == "counter" else metric.name
        yield f"`{name}`", metric.kind, ", ".join(metric.labels), metric.meaning


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def written(page: str) -> str:
    """The page with its tables as the code has them now."""
    tables = {
        "metrics": table(("metric", "is a", "by", "and says"), metrics()),
        "events": table(("event", "is said when"), events()),
    }
    for name, text in tables.items():
        place = rf"(?s)(?<=<!-- {name} -->\n).*?(?=<!-- end -->)"
        page = re.sub(place, lambda _, text=text: f"{text}\n", page, count=1)
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
