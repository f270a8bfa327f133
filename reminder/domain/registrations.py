"""What units register of months and tasks, and what the secretariat makes of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Act(StrEnum):
    SIGN = "sign"
    PROGRESS = "progress"
    FINISH = "finish"
    CONFIRM = "confirm"
    RETURN = "return"
    UNDO = "undo"


OF_UNITS = (Act.SIGN, Act.PROGRESS, Act.FINISH)
# Of those the last one decides whether a unit's word on a task still waits.
DECIDING = (Act.FINISH, Act.CONFIRM, Act.RETURN, Act.UNDO)
NAMES = {
    Act.SIGN: "签收",
    Act.PROGRESS: "反馈进展",
    Act.FINISH: "登记完成",
    Act.CONFIRM: "确认办结",
    Act.RETURN: "退回",
    Act.UNDO: "撤销",
}


@dataclass(frozen=True)
class Signature:
    """Who registers, as they name themselves, and by which link they came."""

    who: str
    link: str


@dataclass(frozen=True)
class Registration:
    """One line of the history. `at` is UTC.

    `period` is the month that is signed, or the one of a year-round task's check-in; it is empty
    for a task as a whole, as `task` is for a month. `percent` is 0 to 100.
    """

    at: datetime
    act: Act
    unit: str
    period: str
    task: str
    by: Signature
    done_on: date | None = None
    percent: int | None = None
    words: str = ""
    id: int = 0
