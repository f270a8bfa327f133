"""The year drawn: where each bar stands and its name beside it, for one SVG of any width.

Across, all is in per cent, so that names keep their size on a phone; down, in rows.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from reminder.domain.year import Bar, Year

# Of the width: so much room beside a bar holds its name on a page as wide as a desk's.
_ROOM = 0.45


Place = tuple[str, str]  # of a name: x in per cent, and SVG's text-anchor


@dataclass(frozen=True)
class Row:
    """`beside` is the name's place on a wide page, `above` on a narrow one; none: on the bar."""

    bar: Bar
    x: str
    width: str
    style: str
    beside: Place | None
    above: Place | None


@dataclass(frozen=True)
class Timeline:
    year: Year
    rows: tuple[Row, ...]
    today: str
    today_anchor: str

    @property
    def months(self) -> list[tuple[int, str, str]]:
        """Number, left edge and middle of each."""
        return [
            (month, _percent((month - 1) / 12), _percent((month - 0.5) / 12))
            for month in range(1, 13)
        ]


def timeline(year: Year) -> Timeline:
    today = _begin(year.today) if year.today else None
    return Timeline(
        year,
        tuple(_row(bar) for bar in year.bars),
        _percent(today) if today is not None else "",
        _anchor(today or 0),
    )


def _row(bar: Bar) -> Row:
    begin, end = _begin(bar.opens), _end(bar.due)
    place = _percent(begin), _percent(max(end - begin, 0.01))
    style = _style(bar)
    if 1 - end >= _ROOM:
        beside = _percent(end), "start"
    elif begin >= _ROOM:
        beside = _percent(begin), "end"
    else:
        return Row(bar, *place, f"{style} long", None, None)
    middle = (begin + end) / 2
    anchor = _anchor(middle)
    x = {"start": begin, "middle": middle, "end": end}[anchor]
    return Row(bar, *place, style, beside, (_percent(x), anchor))


def _style(bar: Bar) -> str:
    role = "lead" if bar.lead else "related"
    return f"{role} {bar.status.light}".strip()


def _anchor(place: float) -> str:
    """That keeps a name of usual length inside the picture."""
    return "start" if place < 0.36 else "middle" if place < 0.64 else "end"


def _begin(day: date) -> float:
    return (day.month - 1 + (day.day - 1) / monthrange(day.year, day.month)[1]) / 12


def _end(day: date) -> float:
    return (day.month - 1 + day.day / monthrange(day.year, day.month)[1]) / 12


def _percent(part: float) -> str:
    return f"{100 * part:.2f}%"
