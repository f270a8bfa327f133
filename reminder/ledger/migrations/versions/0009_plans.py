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
_START = sa.table("start", *map(sa.column, ("stream", "plan", "year", "at", "held")))
_OF_ONE = ("registration", "reminded", "occasion", "task_done", "meeting_date")


def upgrade() -> None:
    for name, (table, columns) in _INDEXES.items():
        op.drop_index(name, table)
        op.add_column(table, _plan())
        op.create_index(name, table, ["plan", *columns])
    op.add_column("occasion", _plan())
    _rebuild("task_done", ["task", "period"], ["done_on", "note", "recorded"])
    _rebuild("meeting_date", ["meeting"], ["day", "recorded"])
    _rebuild("start", ["stream"], ["at", "held"])
    _name_notices()
    plan = _last_plan()
    for name in _OF_ONE:
        op.execute(sa.update(sa.table(name, sa.column("plan"))).values(plan=plan))
    _begin_all()
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


def _name_notices() -> None:
    """A notice's key begins with its plan's id."""
    key = sa.column("key", sa.String())
    if op.get_bind().dialect.name == "postgresql":
        plan = sa.func.split_part(key, "/", 1)
    else:
        plan = sa.func.substr(key, 1, sa.func.instr(key, "/") - 1)
    op.execute(sa.update(_NOTICE).values(plan=plan))


def _last_plan() -> str:
    """Whose notice was made last: until now a ledger had one. Without a notice it is empty, and
    the first table that begins takes over what is there."""
    newest = sa.select(_NOTICE.c.plan).order_by(_NOTICE.c.created.desc(), _NOTICE.c.key.desc())
    return op.get_bind().scalar(newest.limit(1)) or ""


def _begin_all() -> None:
    """Each table that had a digest has begun, on each stream: an earlier year's, which is put
    beside the present one, begins nothing. Without a digest a start stays nameless."""
    had = sa.select(_NOTICE.c.plan, sa.func.substr(_NOTICE.c.period, 1, 4)).distinct()
    tables = op.get_bind().execute(had.where(_NOTICE.c.kind == "digest")).all()
    nameless = _START.c.year == 0
    for plan, year in tables:
        facts = [sa.literal(plan), sa.literal(int(year))]
        rows = sa.select(_START.c.stream, *facts, _START.c.at, _START.c.held).where(nameless)
        op.execute(sa.insert(_START).from_select(["stream", "plan", "year", "at", "held"], rows))
    if tables:
        op.execute(sa.delete(_START).where(nameless))
