"""`reminder user`: who may use the console, and what each may do there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reminder.cli.addresses import site
from reminder.cli.context import AsJson, application, user
from reminder.cli.output import announce, remark, show, words
from reminder.domain.persons import AccountRole

if TYPE_CHECKING:
    from reminder.domain.persons import Person
    from reminder.office.application import Application
    from reminder.office.login import Session

cli = typer.Typer(help="People who use the console, by name and role.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="What they log in with.")]
Role = Annotated[
    AccountRole,
    typer.Option(help="Each may do what those before it may.", case_sensitive=False),
]


@cli.command(epilog="Example: reminder user add wangmin --full-name WangMin --role edit")
def add(
    name: Name,
    full_name: Annotated[
        str, typer.Option("--full-name", metavar="TEXT", help="Which their acts bear.")
    ],
    role: Role = AccountRole.READ,
) -> None:
    """Print a link by which they choose a password: once, within 24 hours."""
    from reminder.office.persons import add_person

    app = application()
    _print_link(app, add_person(app, name, full_name, role, user()))


@cli.command(epilog="Example: reminder user link wangmin")
def link(name: Name) -> None:
    """A new link for a password, for who has forgotten it; an older link is dead."""
    from reminder.office.persons import make_link

    app = application()
    _print_link(app, make_link(app, name, user()))


def _print_link(app: Application, word: str) -> None:
    from reminder.office.links import ticket_address

    print(ticket_address(app, site(app), word))
    remark(words("done", "link_once"))


@cli.command("list", epilog="Example: reminder user list --json")
def list_(as_json: AsJson = False) -> None:
    """Everybody, with role, state and the last use of an open session."""
    from reminder.office.login import sessions_of
    from reminder.office.persons import everybody

    app = application()
    with app.database.read() as connection:
        seen = {one.person: one.seen for one in sessions_of(connection, app.clock.now())[::-1]}
        rows = [_row(app, one, seen) for one in everybody(connection)]
    show(rows, as_json, ["name", "full_name", "role", "state", "totp", "seen"])


def _row(app: Application, person: Person, seen: dict[str, Any]) -> dict[str, Any]:
    used, zone = seen.get(person.name), app.table.plan.zone
    state = "disabled" if person.disabled else "active" if person.has_password else "no password"
    return {
        "name": person.name,
        "full_name": person.full_name,
        "role": person.role,
        "state": state,
        "totp": person.has_totp,
        "seen": used.astimezone(zone).isoformat() if used else None,
    }


@cli.command(epilog="Example: reminder user role wangmin approve")
def role(
    name: Name, role: Annotated[AccountRole, typer.Argument(metavar="ROLE", case_sensitive=False)]
) -> None:
    """Another role: read, edit, approve, admin. Their sessions end."""
    from reminder.office.persons import set_role

    set_role(application(), name, role, user())
    announce("role_set", person=name, role=role)


@cli.command(epilog="Example: reminder user disable wangmin")
def disable(name: Name) -> None:
    """Close an account at once; what they did keeps their name."""
    from reminder.office.persons import disable as close

    close(application(), name, user())
    announce("disabled", person=name)


@cli.command(epilog="Example: reminder user enable wangmin")
def enable(name: Name) -> None:
    """Open it again, with the password that it had."""
    from reminder.office.persons import enable as reopen

    reopen(application(), name, user())
    announce("enabled", person=name)


@cli.command(epilog="Example: reminder user subject wangmin 248289761001")
def subject(
    name: Name,
    subject: Annotated[
        str, typer.Argument(metavar="TEXT", help="What the identity provider calls them.")
    ],
) -> None:
    """Who that is for the identity provider (`console.oidc`), where it is not the same name."""
    from reminder.office.persons import set_subject

    set_subject(application(), name, subject, user())
    announce("identity_set", person=name, subject=subject)


@cli.command("totp-off", epilog="Example: reminder user totp-off wangmin")
def totp_off(name: Name) -> None:
    """For who has lost the telephone: the password alone opens, until it is set up anew."""
    from reminder.office.persons import reset_totp

    reset_totp(application(), name, user())
    announce("totp_off", person=name)


@cli.command(epilog="Example: reminder user sessions wangmin")
def sessions(
    name: Annotated[str | None, typer.Argument(metavar="NAME")] = None, as_json: AsJson = False
) -> None:
    """Who is logged in, since when and with which program."""
    from reminder.office.login import sessions_of
    from reminder.office.persons import find_person

    app = application()
    with app.database.read() as connection:
        person = find_person(connection, name).name if name else None
        rows = [_session_row(app, one) for one in sessions_of(connection, app.clock.now(), person)]
    show(rows, as_json, ["person", "begun", "seen", "program"])


def _session_row(app: Application, session: Session) -> dict[str, Any]:
    zone = app.table.plan.zone
    return {
        "person": session.person or None,  # of the shared password
        "begun": session.begun.astimezone(zone).isoformat(),
        "seen": session.seen.astimezone(zone).isoformat(),
        "program": session.agent,
    }


@cli.command(epilog="Example: reminder user logout wangmin")
def logout(name: Name) -> None:
    """End all of their sessions."""
    from reminder.office.persons import end_sessions

    announce("logged_out", count=end_sessions(application(), name, user()), person=name)
