"""台账 to take away: which tables there are, with their columns."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reminder.errors import UsageError
from reminder.office.export_rows import (
    PERIOD,
    Reading,
    Row,
    notice_rows,
    registration_rows,
    signature_rows,
    task_rows,
)

LONGEST = 32_000  # characters of a cell: spreadsheets take 32,767
# What XML 1.0 cannot carry, and no spreadsheet shows.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Sheet:
    """A table of the export: its name in addresses and on the sheet, columns with their widths."""

    name: str
    title: str
    columns: tuple[tuple[str, int], ...]
    rows: Callable[[Reading], Iterator[Row]]


def checked_period(text: str) -> str:
    """A month such as 2026-04, or nothing. Raises `UsageError`."""
    if text and not PERIOD.fullmatch(text):
        raise UsageError(f"no month {text!r}, wanted e.g. 2026-04")
    return text


def fit(text: str) -> str:
    """What a spreadsheet's cell can hold of it."""
    text = _UNFIT.sub("", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


SHEETS = (
    Sheet(
        "tasks",
        "事项",
        (
            ("编号", 16), ("月份", 8), ("事项", 56), ("承办单位", 36), ("相关部门", 36),
            ("开始", 12), ("结束", 12), ("时间安排", 36), ("推算规则", 18), ("状态", 12),
            ("单位登记完成", 36), ("办结日期", 12), ("按月登记", 28),
        ),
        task_rows,
    ),
    Sheet(
        "signatures",
        "签收",
        (
            ("月份", 10), ("单位", 36), ("角色", 8), ("签收", 10), ("时间", 20), ("签收人", 16),
            ("来源链接", 24),
        ),
        signature_rows,
    ),
    Sheet(
        "registrations",
        "登记记录",
        (
            ("序号", 8), ("时间", 20), ("登记", 12), ("单位", 36), ("月份", 10), ("事项编号", 16),
            ("事项", 48), ("完成日期", 12), ("进度%", 8), ("说明", 48), ("登记人", 16),
            ("来源链接", 24),
        ),
        registration_rows,
    ),
    Sheet(
        "notices",
        "通知",
        (
            ("编号", 44), ("类型", 14), ("单位", 36), ("期间", 12), ("应发时间", 20), ("状态", 14),
            ("原因", 36), ("收件地址", 48), ("接收时间", 20), ("备注", 8),
        ),
        notice_rows,
    ),
)  # fmt: skip
BY_NAME = {sheet.name: sheet for sheet in SHEETS}
