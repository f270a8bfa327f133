"""Measures the product beside its limits and writes docs/performance.md: see its last section."""

import argparse
import signal
import sys
from collections.abc import Callable

from benchmarks import faraway, feeds, installation, pages, planning, sending, sizes, starting
from benchmarks.measuring import CHECKOUT, Unavailable
from benchmarks.page import Part, page

PAGE = CHECKOUT / "docs" / "performance.md"
PARTS: dict[str, Callable[[bool], Part]] = {
    "sending": sending.measure,
    "faraway": faraway.measure,
    "planning": planning.measure,
    "installation": installation.measure,
    "feeds": feeds.measure,
    "pages": pages.measure,
    "starting": starting.measure,
    "sizes": sizes.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="small and short; writes no page")
    parser.add_argument("--only", choices=PARTS, help="one part; writes no page")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends, as on Ctrl-C
    parts, missing = [], False
    for name in [given.only] if given.only else PARTS:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            part = PARTS[name](given.quick)
        except Unavailable as error:
            part = Part(name.capitalize(), "")
            part.try_to(name, error)
        missing = missing or bool(part.missing)
        print(part, flush=True)
        parts.append(part)
    whole = page(parts, ", ".join(PARTS))
    if not (given.quick or given.only):
        PAGE.write_text(whole, encoding="utf-8")
    print(whole)
    # A short run is to show that everything works; a long one tells what could not be measured.
    return int(missing and given.quick)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
