"""`reminder ledger`: what became of every notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.completion import unit_ids
from reminder.cli.context import AsJson, application, settings, user
from reminder.cli.output import announce, language, print_json, say, show, words
from reminder.domain.notices import State
from reminder.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from reminder.office.records import NoticeView

cli = typer.Typer(help="The record of every notice.", no_args_is_help=True)
Key = Annotated[str, typer.Argument(metavar="KEY")]
OneKey = Annotated[str | None, typer.Argument(metavar="KEY")]
Period = Annotated[str | None, typer.Option(metavar="2026-03", help="Only this period's.")]
InState = Annotated[str | None, typer.Option(help="e.g. sent, retry, refused, held.")]


def _state(name: str | None) -> State | None:
    try:
        return State(name) if name is not None else None
    except ValueError:
        raise UsageError.because("no_state", name=name, states=list(State)) from None


def _row(view: NoticeView) -> dict[str, Any]:
    keys = ("key", "kind", "unit", "period", "state", "reason", "recipients", "message_id",
            "attempts", "updated")  # fmt: skip
    recipients = [
        {"address": person.address, "state": person.state, "reply": person.reply}
        for person in view.recipients
    ]
    return {key: getattr(view, key) for key in keys} | {"recipients": recipients}


def _each(keys: Iterable[str], act: Callable[[str], str]) -> int:
    """Says what becomes of each; what is refused is left out."""
    count = 0
    for key in keys:
        try:
            say(act(key))
            count += 1
        except UsageError as error:
            announce("left_out", why=error.lines(language())[0])
    return count


@cli.command("list", epilog="Example: reminder ledger list --state refused")
def list_(
    period: Period = None,
    unit: Annotated[
        str | None, typer.Option(autocompletion=unit_ids, metavar="ID", help="Only this unit's.")
    ] = None,
    state: InState = None,
    as_json: AsJson = False,
) -> None:
    """Every notice with its state, reason and recipients."""
    from reminder.office.records import list_notices

    app = application()
    rows = [_row(view) for view in list_notices(app, period, unit, _state(state))]
    for row in () if as_json else rows:
        row["updated"] = row["updated"].astimezone(app.table.plan.zone)
    show(rows, as_json, ["key", "state", "reason", "attempts", "updated"])


@cli.command("show", epilog="Example: reminder ledger show KEY")
def show_(key: Key, as_json: AsJson = False) -> None:
    """One notice, with its recipients and its history."""
    from reminder.office.records import notice_with_history

    app = application()
    with app.database.read() as connection:
        view, changes = notice_with_history(connection, key)
    columns = ["at", "address", "state", "reason", "detail"]
    history = [{column: change[column] for column in columns} for change in changes]
    if as_json:
        more = {"rehearsal": view.rehearsal, "sha256": view.sha256, "history": history}
        print_json(_row(view) | more)
        return
    zone = app.table.plan.zone
    due, until = view.due.astimezone(zone), view.useful_until.astimezone(zone)
    announce("notice_shown", it=view, due=due, until=until)
    for person in view.recipients:
        announce("recipient_shown", it=person)
    show([row | {"at": row["at"].astimezone(zone)} for row in history], False, columns)


@cli.command(epilog="Example: reminder ledger resend --period 2026-03 --state refused")
def resend(key: OneKey = None, period: Period = None, state: InState = None) -> None:
    """Send anew, composed now, to the addresses that were not reached."""
    from reminder.office import operations
    from reminder.office.records import left_to_settle

    if (key is None) == (period is None and state is None):
        raise UsageError.because("key_or_state")
    app = application()
    again = partial(operations.resend, app, who=user())
    if key:
        print(again(key))
    elif not _each(
        left_to_settle(app, period, _state(state)), partial(operations.resend, app, who=user())
    ):
        announce("nothing_to_resend")
        return
    announce("goes_soon")


@cli.command(epilog="Example: reminder ledger release --period 2026-03")
def release(period: Period = None) -> None:
    """Let go what is held; without --period also lift the hold for what comes."""
    from reminder.office import releasing
    from reminder.office.status import why_held

    app = application()
    lifted = period is None and why_held(app)
    released = releasing.release(app, period, user())
    if not released:
        announce("nothing_held", was_lifted=bool(lifted))
        return
    announce("released", count=len(released))
    if period:
        announce("rest_is_held")


@cli.command(epilog='Example: reminder ledger hold --why "restored from the dump of 6 May"')
def hold(
    why: Annotated[str, typer.Option(metavar="TEXT", help="For who asks later.")] = "",
) -> None:
    """Let nothing go, on all replicas, until it is released; a restored ledger does so itself."""
    from reminder.office import holds

    app = application()
    is_new = holds.hold(app.database, app.clock.now(), why, user())
    announce("all_held", is_new=is_new)


@cli.command(epilog="Example: reminder ledger drop --period 2026-05")
def drop(key: OneKey = None, period: Period = None, state: InState = None) -> None:
    """Give up a notice that waits, or all of a period (a month with its days), with what a restored
    ledger does not know to have gone: never sent. With --state refused or expired: what did not
    arrive is settled.
    """
    from reminder.office import operations
    from reminder.office.records import left_to_settle

    if (key is None) == (period is None) or (key and state):
        raise UsageError.because("key_or_period")
    app = application()

    def dropped(one: str) -> str:
        operations.drop(app, one, user())
        return words("done", "dropped", key=one)

    if key:
        say(dropped(key))
    elif state:
        _each(left_to_settle(app, period, _state(state)), dropped)
    elif period:
        count, sending = operations.drop_period(app, period, user())
        announce("period_dropped", count=count, period=period)
        if sending:
            announce("being_sent", count=sending)


@cli.command(epilog="Example: reminder ledger backup ledger-2026-04.db")
def backup(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """A consistent copy, also while the daemon runs. It holds the key of all links."""
    from reminder.office import records

    records.backup(application(informed=False).settings, file)
    announce("backed_up", file=str(file), url=f"sqlite:///{file.resolve()}")


@cli.command(epilog="Example: reminder ledger restore /backup/ledger-2026-04-01-3fa94c.db")
def restore(file: Annotated[Path, typer.Argument(metavar="FILE", exists=True)]) -> None:
    """Put a backup in the place of the ledger, with everything held until it is released. Stop the
    daemon first. The ledger that was there is kept beside it; a PostgreSQL database must be new.
    """
    from reminder.clock import Clock
    from reminder.office import records

    kept = records.restore(settings(), file, Clock().now())
    announce("ledger_restored", file=str(file), kept=str(kept) if kept else "")


@cli.command(epilog="Example: reminder ledger upgrade --dry-run")
def upgrade(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only try, and change nothing.")
    ] = False,
) -> None:
    """Bring a ledger of an earlier version to this one's tables, as the first start does by itself:
    with a backup beside it, and verified. All of it, or nothing.
    """
    from reminder.office import records

    chosen = settings()
    done = records.upgrade(chosen, dry_run=dry_run)
    facts = {"place": str(chosen.ledger), "backup": str(done.backup) if done.backup else ""}
    announce("ledger_upgraded", before=done.before, after=done.after, dry_run=dry_run, **facts)


@cli.command(epilog="Example: reminder ledger copy --from sqlite:////var/lib/reminder/ledger.db")
def copy(
    source: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="The old ledger.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="The new one, never used before.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Use the old one again: only if the new one never was.")
    ] = False,
) -> None:
    """Move all that is recorded to another database; the one not named is the configured one."""
    from reminder.office import records

    settings = application(informed=False).settings
    old = records.place_named("--from", source) if source else settings.ledger
    if undo:
        was_moved = records.take_back(old)
        announce("ledger_open", place=str(old), was_moved=was_moved)
        return
    if not (source or target):
        raise UsageError.because("from_or_to")
    new = records.place_named("--to", target) if target else settings.ledger
    counts = records.move(old, new, settings.state_dir)
    facts = {"notices": counts["notice"], "rows": sum(counts.values())}
    announce("ledger_copied", new=str(new), old=str(old), **facts)


@cli.command(epilog="Example: reminder ledger verify")
def verify() -> None:
    """Check that the ledger is sound and what is recorded agrees; changes nothing."""
    from reminder.office import records

    faults = list(records.verify(application(informed=False).settings.ledger))
    for fault in faults:
        say(fault)
    if faults:
        raise LedgerError.because("ledger_not_sound")
    announce("ledger_sound")
