"""The steps of nudges and 待确认 mails: when, how often, to whom."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from reminder.documents.settings.section import Section
from reminder.domain.addresses import mailbox
from reminder.domain.characters import quoted

UNIT, SECRETARIAT = "unit", "secretariat"


def _recipient(value: str) -> str:
    if "@" in value:
        return mailbox(value)
    if value not in (UNIT, SECRETARIAT):
        wanted = f"{UNIT!r}, {SECRETARIAT!r} or an address"
        raise ValueError(f"is {quoted(value)}, wanted {wanted}")
    return value


Recipients = list[Annotated[str, AfterValidator(_recipient)]]


class NudgeStep(Section):
    workdays_left: int = Field(3, ge=0, le=20)
    to: Recipients = Field([UNIT])


class OverdueStep(Section):
    workdays_after: int = Field(ge=1, le=60)
    every: int | None = Field(None, ge=1, le=20, description="working days until it comes again")
    times: int = Field(1, ge=1, le=12, description="how often at most")
    to: Recipients = Field([UNIT])

    @model_validator(mode="after")
    def _repeats_both_ways(self) -> Self:
        if self.times > 1 and self.every is None:
            raise ValueError(f"comes {self.times} times, wanted every = so many working days")
        if self.every and self.times == 1:
            raise ValueError(f"comes every {self.every} working days, wanted times = 2 or more")
        return self

    @property
    def days(self) -> list[int]:
        """Working days after due on which it comes."""
        return [self.workdays_after + number * (self.every or 0) for number in range(self.times)]
