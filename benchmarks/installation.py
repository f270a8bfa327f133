"""Many offices in one installation: what each costs, and that memory stays where it is."""

from benchmarks.measuring import Spread, Unavailable, figure, spread, workplace
from benchmarks.office import write_installation
from benchmarks.page import Part, Target
from benchmarks.planning import inside

UNITS, TASKS = 50, 48


def measure(quick: bool) -> Part:
    sizes = (10, 20) if quick else (30, 300)
    part = Part(
        "Many plans in one installation",
        f"Plans of {UNITS} units each, in a warm process: files read, January's digests "
        "planned and made for all, then ticks with nothing due, and one plan's file edited and put "
        "in force. "
        "Memory is the process's resident set after the ticks, growth what the last four fifths of "
        "them added. The targets are for the larger installation: with 3,000 plans a tick and an "
        "edit cost ten times as much.",
    )
    head = ("reading, ms a plan", "a digest, ms", "nothing due, ms", "an edit, ms", "memory, MiB")
    part.rows.append(("plans", *head, "growth, MiB"))
    idle = edit = growth = None
    for plans in sizes:
        try:
            with workplace() as folder:
                office = write_installation(folder / "office", plans, UNITS, TASKS)
                found = inside("installation", office, folder / "state")
        except Unavailable as error:
            part.try_to(f"{plans:,} plans", error)
            continue
        ticks, edits = spread(found["idle"]), spread(found["edit"])
        made = figure(found["first"] / found["notices"])
        costs = (figure(found["loading"] / plans), made, str(ticks), str(edits))
        sizes_ = (figure(found["memory"]), figure(found["grown"]))
        part.rows.append((f"{plans:,}", *costs, *sizes_))
        if plans == sizes[-1]:
            idle, edit = _each(ticks, plans), _each(edits, plans)
            growth = spread([found["grown"]])
    part.targets.extend(
        [
            Target("a tick with nothing due, of each plan", 0.6, idle, " ms", most=True),
            Target("an edit of one plan, of each plan there is", 0.6, edit, " ms", most=True),
            Target("memory's growth over 200 ticks", 2, growth, " MiB", most=True),
        ]
    )
    return part


def _each(whole: Spread, plans: int) -> Spread:
    return Spread(whole.low / plans, whole.median / plans, whole.high / plans)
