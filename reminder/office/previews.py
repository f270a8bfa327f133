"""Digests read before they go: composed, sent for trial, rehearsed, written out."""

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from reminder.documents.templates import office_templates, render
from reminder.domain.addresses import mailbox
from reminder.domain.notices import Kind, NoticeDraft, State, original
from reminder.domain.occasions import digest_draft, digest_units
from reminder.domain.plan import calendar_month
from reminder.domain.units import Unit
from reminder.errors import Mistake, ReminderError, UsageError
from reminder.ledger import notices
from reminder.ledger.notices import Composed
from reminder.ledger.own_messages import by_channels
from reminder.ledger.views import read_notices
from reminder.mail.mime import read, short_text
from reminder.mail.transports import Envelope, opened
from reminder.office.application import Application
from reminder.office.lookup import month_of
from reminder.output_files import make_folder, write_file

REHEARSAL_USEFUL = timedelta(days=7)


def preview(app: Application, unit: Unit, period: str) -> Composed:
    """The stored bytes if the digest has them, else what would be composed."""
    app = app.about_period(period)
    if unit.is_group:
        raise UsageError.because("group_gets_no_mail", unit=unit.name)
    draft = digest_draft(app.table, month_of(app, period), unit.id)
    with app.database.read() as connection:
        views = read_notices(
            connection, plan=draft.plan, kind=Kind.DIGEST, period=period, unit=unit.id
        )
        for view in reversed([view for view in views if original(view.key) == draft.key]):
            content = notices.content_of(connection, view.key)
            if content and view.as_of and view.message_id:
                addresses = tuple(person.address for person in view.recipients)
                own = tuple(by_channels(connection, view.key))
                return Composed(view.message_id, content, view.as_of, addresses, own=own)
    return _composed(app, unit, draft)


def preview_short(app: Application, unit: Unit, period: str, channel: str) -> bytes:
    """What that channel gets of it."""
    composed = preview(app, unit, period)
    found = (one.content for one in composed.own if channel in (one.route, one.address))
    content = next(found, None)
    if content is None:
        facts = {"unit": unit.name, "channel": channel, "names": list(unit.channels)}
        raise UsageError.because("no_channel_of_unit", **facts)
    said = short_text(content)
    return f"{said.subject}\n\n{said.text}\n".encode()


def _composed(app: Application, unit: Unit, draft: NoticeDraft) -> Composed:
    """As it would be now while it may still go; else as on the day it is due."""
    if unit.id not in receivers(app, draft.period):
        facts = {"plan": app.table.plan.name, "plans": list(app.office.series)}
        raise UsageError.because("no_digest", unit=unit.name, period=draft.period, **facts)
    if not unit.has_address:
        raise UsageError.because("no_address_of_unit", unit=unit.name)
    now = app.clock.now()
    at = now if draft.due <= now < draft.useful_until else draft.due
    with app.database.read() as connection:
        return app.container.notice_writer.compose(connection, draft, at)


def receivers(app: Application, period: str) -> tuple[str, ...]:
    """Who gets that digest; on a ledger that was not started, who stands in its rows."""
    app = app.about_period(period)
    table, month, progress = app.table, month_of(app, period), app.progress()
    if progress.started is None:
        return table.reached(month)
    return digest_units(table, month, table.local_day(table.digest_due(month)), progress)


def send_trial(app: Application, unit: Unit, period: str, typed: str) -> str:
    """The digest to that address, outside the ledger. Returns the server's words.

    Its Message-ID is its own: it may meet the real one in the same mailbox, and must not pass
    for it. Raises `ReminderError` when it is refused.
    """
    try:
        address = mailbox(typed)
    except Mistake as error:
        raise UsageError.because("wrong_value", option="", wrong=error.sentence) from None
    app = app.about_period(period)
    draft = digest_draft(app.table, month_of(app, period), unit.id)
    key = f"{draft.key}/trial/{address}/{app.clock.now().isoformat()}"
    composed = _composed(app, unit, replace(draft, key=key))
    sender = app.settings.mail.sender_address
    envelope = Envelope(composed.message_id, sender, (address,), composed.content)
    with closing(opened(app.transport)) as connection:
        answer = connection.send(envelope, lambda: True)[address]
    if answer.state is not State.SENT:
        facts = {"address": address, "reason": answer.reason, "reply": answer.reply}
        raise ReminderError.because("trial_not_accepted", **facts)
    return answer.reply


def rehearse(app: Application, at: datetime) -> tuple[str, int]:
    """One month of the plan into the outbox, marked 【演练】, as on its own day.

    Returns the period and how many are new: of the next month to come, or when the term is
    over of its last.
    """
    table = app.table
    month = table.next_digest(at) or table.plan.term.month(table.local_day(at).month)
    period = table.plan.period(month)
    count = 0
    with app.database.write() as connection:
        keys = notices.keys_of(connection, table.plan.id, Kind.DIGEST, period)
        for unit in table.reached(month):
            draft = digest_draft(table, month, unit, rehearsal=True)
            if draft.key in keys or not table.directory[unit].has_address:
                continue
            composed = app.container.notice_writer.compose(
                connection, draft, draft.due, rehearsal=True
            )
            draft = replace(draft, useful_until=max(draft.useful_until, at + REHEARSAL_USEFUL))
            new = notices.NewNotice(draft, composed=composed)
            notices.add(connection, [new], at, stream="maildir", rehearsal=True)
            count += 1
    return period, count


def part(content: bytes, form: Literal["html", "text", "eml"]) -> bytes:
    """`eml` is the message byte for byte."""
    if form == "eml":
        return content
    mail, _ = read(content)
    return (mail.text if form == "text" else mail.html).encode()


def write_all(app: Application, period: str, folder: Path) -> int:
    """UNIT.eml and UNIT.html for each, and index.html with all of them, to be printed."""
    app = app.about_period(period)
    table, month = app.table, month_of(app, period)
    files: dict[str, bytes] = {}
    mails: list[dict[str, object]] = []
    missing: list[Unit] = []
    for unit_id in receivers(app, period):
        unit = table.directory[unit_id]
        if not unit.has_address:
            missing.append(unit)
            continue
        composed = preview(app, unit, period)
        mail, name = read(composed.content)[0], f"{unit_id}.html"
        files[f"{unit_id}.eml"], files[name] = composed.content, mail.html.encode()
        mails.append({"unit": unit, "file": name, "mail": mail, "to": composed.recipients})
    values = {
        "plan": table.plan,
        "period": period,
        "month": calendar_month(month),
        "mails": mails,
        "missing": missing,
        "due": table.digest_due(month),
    }
    index = render(office_templates(app.settings, autoescape=True), "web/preview.html", values)
    make_folder(folder)
    for name, content in {**files, "index.html": index.encode()}.items():
        write_file(folder / name, [content])
    return len(mails)
