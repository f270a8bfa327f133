"""Planning a tick in a warm process, and building one digest."""

import json
from typing import Any

from benchmarks.measuring import Unavailable, figure, module, ratios, run, spread, workplace
from benchmarks.office import write_office
from benchmarks.page import Part, Target


def measure(quick: bool) -> Part:
    sizes = (40, 400) if quick else (40, 5000)
    part = Part(
        "Planning a tick, building a digest",
        "In a warm process: January's digests planned at once (found, built, put into the "
        "ledger), then ticks half a minute apart with nothing due, while all of them wait and "
        "once they lie in the outbox. The targets are for the largest office. A digest of the "
        "shipped plan is built in turn with a mail of the same headers and bodies by Python's "
        "`EmailMessage`, which computes no content.",
    )
    head = ("first planning, ms a notice", "all waiting, ms", "nothing due, ms")
    part.rows.append(("", *head))
    idle = None
    for units in sizes:
        try:
            with workplace() as folder:
                found = inside("plan", write_office(folder, units), folder / "state")
        except Unavailable as error:
            part.try_to(f"{units:,} units", error)
            continue
        first, nothing = found["first"] / found["notices"], spread(found["idle"])
        waiting = str(spread(found["waiting"]))
        part.rows.append((f"{units:,} units", figure(first), waiting, str(nothing)))
        idle = nothing if units == sizes[-1] else None
    found = inside("compose")
    ratio = ratios(found["ours"], found["theirs"])
    part.rows.extend(
        [
            (f"a digest of {found['bytes']:,} bytes built", f"{spread(found['ours'])} ms", "", ""),
            ("EmailMessage alone", f"{spread(found['theirs'])} ms", "", ""),
            ("ratio", str(ratio), "", ""),
        ]
    )
    words = f"a tick's planning with nothing due, {sizes[-1]:,} units"
    part.targets.append(Target(words, 4, idle, " ms", most=True))
    return part


def inside(*words: object) -> dict[str, Any]:
    """Raises `Unavailable`."""
    found: dict[str, Any] = json.loads(run(module("inside", *words)).said)
    return found
