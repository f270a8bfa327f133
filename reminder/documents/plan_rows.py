"""The rows of a plan's file: which units and which time a task has of its row, where it belongs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reminder.documents.plan_tables import PlanHeader
from reminder.documents.plan_text import Block, PlanText
from reminder.domain.occurrences import Said, is_all_year
from reminder.domain.plan import calendar_month
from reminder.domain.when import Basis, Span, Term, When, parse_when
from reminder.domain.workdays import first_day, last_day
from reminder.errors import DeclinedError

UNITS = ("lead", "related")
REMARKS = ("section", "remark", "source")
_OF_MONTHS = ("when", "opens", "due", "exact", "part", "meetings", "before", "soft")


@dataclass
class PlanRows:
    text: PlanText
    term: Term

    @classmethod
    def read(cls, content: bytes) -> "PlanRows":
        """Raises as `PlanText` does, and `DeclinedError` for a head that is none."""
        text = PlanText(content, "plan.toml")
        try:
            return cls(text, PlanHeader.model_validate(text.header.data).term)
        except ValueError as error:
            raise DeclinedError("plan_has_no_head", "the plan's head has mistakes") from error

    # Times

    def said(self, words: str | None) -> When:
        """Nothing for what cannot be read."""
        try:
            return parse_when(words, self.term) if words else When()
        except ValueError:
            return When()

    def of_row(self, row: Block) -> When:
        if month := row.data.get("month"):
            return When((self._whole(self.term.month(month)),))
        return self.said(row.data.get("when"))

    def _whole(self, month: int) -> Span:
        return Span(first_day(self.term.year, month), last_day(self.term.year, month))

    def first_month(self, when: When) -> int | None:
        """As a term counts them."""
        if not when.spans:
            return None
        first = when.spans[0].first
        return 12 * (first.year - self.term.year) + first.month

    def put_time(self, task: Block, kind: str, words: str | None) -> None:
        """Of that section; `words` are None where the time stays. It moves to a row of the month in
        which its time begins, with its units and remarks; it stays where the words name no month.
        """
        row = self.text.row_of(task) if task.kind == "task" else None
        if words is not None:
            task.put("part", None)
        if kind == "task":
            self._to_month(task, row, words)
        elif kind != task.kind:
            self._out_of_months(task, kind)
        if kind == "year-round" and words is not None:
            is_plain = is_all_year(Said(words, self.said(words)), self.term)
            task.put("when", words if words and not is_plain else None)

    def _to_month(self, task: Block, row: Block | None, words: str | None) -> None:
        if row and words is None:
            return
        when = self.said(words)
        first = self.first_month(when)
        if row is None or (first and first != self._present_month(task, row)):
            row = self._move(task, row, when, words, first)
        is_row_s = when == self.of_row(row) and when != When()
        task.put("when", None if is_row_s else words or None)

    def _present_month(self, task: Block, row: Block) -> int | None:
        own = self.first_month(self.said(task.data.get("when")))
        return own or self.first_month(self.of_row(row))

    def _move(
        self, task: Block, row: Block | None, when: When, words: str | None, first: int | None
    ) -> Block:
        own = {key: self.effective(task, key) for key in (*UNITS, *REMARKS)}
        self._leave(task, row)
        task.become("task")
        if first in self.term.months and not self._is_stretch(when):
            time: dict[str, Any] = {"month": calendar_month(first or 1)}
        else:
            time = {"when": words or ""}
        row = self._row_like(when, first, own) or self._new_row({**time, **own}, first)
        for key in own:
            task.put(key, None)
        self.text.put_behind(task, self._before(row, task))
        return row

    def _is_stretch(self, when: When) -> bool:
        """It is a row's own word, and no more of a month than the month."""
        return len(when.spans) > 1 or any(
            span.basis is Basis.MONTHS and span != self._whole(self.first_month(when) or 1)
            for span in when.spans
        )

    def _row_like(self, when: When, first: int | None, own: dict[str, Any]) -> Block | None:
        """Of the same units and remarks: one of that time or, else, of that month."""
        month = When((self._whole(first),)) if first else When()
        rows = [row for row in self.text.of_kind("month") if _says(row) == _said(own)]
        for wanted in (when, month):
            if found := [row for row in rows if self.of_row(row) == wanted]:
                return found[-1]
        return None

    def _new_row(self, values: dict[str, Any], first: int | None) -> Block:
        row = Block.new("month", {key: value for key, value in values.items() if value})
        self.text.put_behind(row, self._end_of_rows(first))
        return row

    def _end_of_rows(self, first: int | None) -> Block:
        """Of those that begin no later than that month; of all without one."""
        rows = self.text.of_kind("month")
        months = [self.first_month(self.of_row(row)) for row in rows]
        earlier = [r for r, month in zip(rows, months, strict=True) if _upto(month, first)]
        if earlier:
            return [earlier[-1], *self.text.tasks_of(earlier[-1])][-1]
        if rows:
            return self.text.blocks[self.text.blocks.index(rows[0]) - 1]
        return self.text.of_kind("plan", "meeting")[-1]

    def _before(self, row: Block, task: Block) -> Block:
        """What it stands behind: tasks of one numbering stay in its order."""
        others = self.text.tasks_of(row)
        later = [one for one in others if _follows(one.id, task.id)]
        if not later:
            return [row, *others][-1]
        return self.text.blocks[self.text.blocks.index(later[0]) - 1]

    def _out_of_months(self, task: Block, kind: str) -> None:
        own = {key: self.effective(task, key) for key in (*UNITS, *REMARKS)}
        self._leave(task, self.text.row_of(task) if task.kind == "task" else None)
        task.become(kind)
        for key in _OF_MONTHS:
            task.put(key, None)
        for key, value in own.items():
            task.put(key, value or None)
        kinds = [*self.text.of_kind("year-round")]
        if kind == "standing" or not kinds:
            kinds = self.text.of_kind(kind) or [self.text.blocks[-1]]
        self.text.put_behind(task, kinds[-1])

    # Rows

    def effective(self, task: Block, key: str) -> Any:
        row = self.text.row_of(task) if task.kind == "task" else None
        if key in task.data and (task.data[key] or key in UNITS):
            return task.data[key]
        return row.data.get(key) if row else None

    def put_units(self, task: Block, key: str, names: Sequence[str]) -> None:
        """Of a task alone in its row they are the row's."""
        row = self.text.row_of(task) if task.kind == "task" else None
        if row and self.text.tasks_of(row) == [task]:
            row.put(key, list(names) or None)
            task.put(key, None)
        elif row and row.data.get(key, []) == list(names):
            task.put(key, None)
        else:
            task.put(key, list(names) if names or row else None)

    def put_row_units(self, row: Block, key: str, names: Sequence[str]) -> None:
        row.put(key, list(names) or None)
        for task in self.text.tasks_of(row):
            if task.data.get(key) == list(names):
                task.put(key, None)

    def put_row_time(self, row: Block, words: str) -> None:
        """It moves as a whole, with what its tasks say of their own."""
        tasks = self.text.tasks_of(row)
        when = self.said(words)
        first = self.first_month(when)
        for block in (row, *tasks):
            self.text.take_out(block)
        is_month = first in self.term.months and when == When((self._whole(first or 1),))
        row.put("month", calendar_month(first or 1) if is_month else None)
        row.put("when", None if is_month else words)
        behind = self._end_of_rows(first)
        for block in (row, *tasks):
            self.text.put_behind(block, behind)
            behind = block

    def drop(self, task: Block) -> None:
        self._leave(task, self.text.row_of(task) if task.kind == "task" else None)

    def _leave(self, task: Block, row: Block | None) -> None:
        self.text.take_out(task)
        if row and not self.text.tasks_of(row):
            self.text.take_out(row)


def _upto(month: int | None, first: int | None) -> bool:
    return bool(month) and (not first or (month or 0) <= first)


def _says(row: Block) -> tuple[object, ...]:
    return _said(row.data)


def _said(values: Any) -> tuple[object, ...]:
    return tuple(values.get(key) or None for key in (*UNITS, *REMARKS))


def _follows(later: str, earlier: str) -> bool:
    """Both of one numbering, in that order."""
    one, other = (re.fullmatch(r"(.*?)(\d+)", name) for name in (later, earlier))
    return bool(one and other and one[1] == other[1] and int(one[2]) > int(other[2]))
