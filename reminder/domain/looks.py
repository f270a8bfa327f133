"""A light as a unit may see it: colour and word together, by its relation to the office."""

from dataclasses import dataclass

from reminder.domain import wording
from reminder.domain.content import Reader
from reminder.domain.units import Relation
from reminder.domain.windows import Light, Rule, Window, light, workdays_left

WAIT = "wait"  # registered as done and not yet confirmed, or for a session's date


@dataclass(frozen=True)
class Look:
    """`colour` is a light's or `wait`, empty for none; `mark` is the word where room is short."""

    colour: str = ""
    words: str = ""
    mark: str = ""


NONE = Look()


def look(reader: Reader, found: Window) -> Look:
    """Of a month's task that the reader leads; nothing for a unit of another body."""
    if reader.tone is Relation.PARALLEL:
        return NONE
    if done := reader.progress.done.get(found.task):
        return Look(Light.GREY, f"已办结（{wording.day(done)}）", "✓")
    words, _ = wording.status(reader.table, found, reader.on, reader.progress, reader.unit)
    if (found.task, reader.unit.id) in reader.progress.reported:
        return Look(WAIT, words, "待复核")
    shown = light(found, reader.on, reader.table.days, reader.progress)
    if reader.progress.is_open(found) and found.is_waiting(reader.on):
        return Look(WAIT, words, "会期待定")
    if shown is Light.RED:
        # Outside the own house nobody sees a red light.
        red = reader.tone is Relation.OWN
        return Look(Light.RED if red else Light.YELLOW, words, words)
    if shown is Light.YELLOW:
        return Look(shown, words, "临近" if reader.on <= found.due else "")
    if shown is Light.GREEN and found.rule is not Rule.MEETING_UNDATED:
        left = workdays_left(found, reader.on, reader.table.days)
        return Look(shown, f"{words} · 剩{left}个工作日")
    return Look(shown, words)
