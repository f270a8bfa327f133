"""Several plans in one ledger: what belongs to a plan says to which."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from reminder.ledger.schema import Moment, Words

revision = "0009"
down_revision = "0008"

_NOTICE = sa.table("notice", *map(sa.column, ("key", "plan", "kind", "period", "created")))
_SETTING = sa.table("setting", sa.column("name"), sa.column("value"))
_INDEXES = {
    "notice_period": ("notice", ["kind", "period"]),
    "reminded_step": ("reminded", ["task", "due", "step"]),
    "registration_act": ("registration", ["act", "period", "unit"]),
}
_OF_ONE = ("registration", "occasion", "task_done", "meeting_date", "start")


def upgrade() -> None:
    for name, (table, columns) in _INDEXES.items():
        op.drop_index(name, table)
        op.add_column(table, _plan())
        op.create_index(name, table, ["plan", *columns])
    op.add_column("occasion", _plan())
    _rebuild("task_done", ["task", "period"], ["done_on", "note", "recorded"])
    _rebuild("meeting_date", ["meeting"], ["day", "recorded"])
    _rebuild("start", ["stream"], ["at", "held"])
    for table in ("notice", "reminded"):
        _name_by_key(table)
    plan, year = _last_table()
    for name in _OF_ONE:
        op.execute(sa.update(sa.table(name, sa.column("plan"))).values(plan=plan))
    op.execute(sa.update(sa.table("start", sa.column("year"))).values(year=year))
    occasion = sa.table("occasion", sa.column("key", sa.String()))
    op.execute(sa.update(occasion).values(key=sa.literal(f"{plan}/") + occasion.c.key))
    op.execute(sa.delete(_SETTING).where(_SETTING.c.name == "reminders-made-from"))


def _plan() -> sa.Column[str]:
    return sa.Column("plan", sa.String(), nullable=False, server_default="")


def _rebuild(name: str, key: list[str], columns: list[str]) -> None:
    """With the plan, and of a start the year, as part of its key."""
    moment = Moment()
    types: dict[str, sa.types.TypeEngine[Any]] = {"at": moment, "recorded": moment}
    types |= {"note": Words(), "held": sa.Boolean()}
    year = [sa.Column("year", sa.Integer(), nullable=False, server_default="0")]
    old, new_key = f"old_{name}", ["plan", *key] if name != "start" else [*key, "plan", "year"]
    op.rename_table(name, old)
    op.create_table(
        name,
        *(sa.Column(column, sa.String(), nullable=False) for column in key),
        _plan(),
        *(year if name == "start" else []),
        *(sa.Column(c, types.get(c, sa.String()), nullable=False) for c in columns),
        sa.PrimaryKeyConstraint(*new_key),
    )
    names = [*key, *columns]
    before, after = (sa.table(table, *map(sa.column, names)) for table in (old, name))
    op.execute(sa.insert(after).from_select(names, sa.select(before)))
    op.drop_table(old)


def _name_by_key(name: str) -> None:
    """A notice's key begins with its plan's id."""
    table = sa.table(name, sa.column("key"), sa.column("plan"))
    if op.get_bind().dialect.name == "postgresql":
        plan = sa.func.split_part(table.c.key, "/", 1)
    else:
        plan = sa.func.substr(table.c.key, 1, sa.func.instr(table.c.key, "/") - 1)
    op.execute(sa.update(table).values(plan=plan))


def _last_table() -> tuple[str, int]:
    """The plan whose notice was made last, and the year of its last digest: until now a ledger
    had one. Without a notice they are empty, and the first table that begins takes them over."""
    connection = op.get_bind()
    newest = sa.select(_NOTICE.c.plan).order_by(_NOTICE.c.created.desc(), _NOTICE.c.key.desc())
    plan = connection.scalar(newest.limit(1)) or ""
    digests = sa.select(sa.func.max(_NOTICE.c.period))
    last = connection.scalar(digests.where(_NOTICE.c.plan == plan, _NOTICE.c.kind == "digest"))
    return plan, int(last[:4]) if last else 0
