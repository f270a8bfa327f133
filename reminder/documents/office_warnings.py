"""What is valid in an office's files and probably not meant, and what it has still to set."""

from collections.abc import Iterator

from reminder.documents.document_files import UNITS
from reminder.documents.edited_file import EditedFile
from reminder.documents.office import Office
from reminder.documents.plan_warnings import plan_warnings
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources
from reminder.domain.addresses import is_loopback, is_reserved
from reminder.errors import Fault


def warnings(office: Office) -> Iterator[Fault]:
    """What is valid and probably not meant, with file and line."""
    settings, sources = office.settings, SettingsSources(office.config, office.command_line)
    file = office.file_at(office.document_files.path_of(UNITS))
    yield from sources.warnings
    for path, table in zip(office.paths, office.tables, strict=True):
        yield from plan_warnings(office.file_at(path), table)
    yield from _of_units(office, file)
    directory, sender = office.table.directory, settings.mail.sender_address
    if settings.transport == "smtp" and not settings.smtp_is_local:
        addresses = {address.lower(): None for u in directory.single for address in (*u.to, *u.cc)}
        if reserved := [address for address in (*addresses, sender) if is_reserved(address)]:
            facts = {"count": len(reserved), "address": reserved[0], "host": settings.smtp.host}
            yield Fault(file.shown, 0, "", "reserved_addresses", facts)
    if settings.transport == "maildir" and "host" in settings.smtp.model_fields_set:
        yield Fault("settings", 0, "transport", "maildir_with_host")
    if settings.transport == "smtp" and not settings.web.reachable:
        yield sources.fault(("web", "base_url"), "no_links", is_set=bool(settings.web.base_url))


def _of_units(office: Office, file: EditedFile) -> Iterator[Fault]:
    directory = office.table.directory
    months = ((table, month) for table in office.tables for month in table.plan.months)
    reached = {unit for table, month in months for unit in table.reached(month)}
    owners: dict[str, str] = {}
    for index, unit in enumerate(directory.single):
        here = ("unit", index)
        if unit.retired:
            if unit.id in directory.expand(_named_now(office)):
                yield file.fault((*here, "retired"), "retired_unit_named", unit=unit.name)
            continue
        if not unit.has_address:
            yield file.fault((*here, "to"), "unit_without_address", unit=unit.name)
        elif unit.relation is None:
            yield file.fault((*here, "relation"), "unit_without_relation", unit=unit.name)
        if unit.id not in reached or not unit.has_address:
            yield file.fault((*here, "id"), "unit_without_digest", unit=unit.name)
        for address in (*unit.to, *unit.cc):
            other = owners.setdefault(address.lower(), unit.id)
            if other != unit.id:
                facts = {"address": address, "unit": directory[other].name}
                yield file.fault((*here, "to"), "address_of_two", **facts)


def _named_now(office: Office) -> list[str]:
    """By the last table of each plan."""
    last = (series[-1].plan for series in office.series.values())
    return list(dict.fromkeys(n for p in last for t in p.tasks for n in (*t.lead, *t.related)))


def advice(settings: Settings) -> Iterator[Fault]:
    """What an office that goes to work has still to set."""
    mail, web, domain = settings.mail, settings.web, settings.uid_domain
    if settings.transport == "smtp":
        if is_reserved(f"@{domain}"):
            yield Fault("", 0, "uid_domain", "domain_of_nobody", {"domain": domain})
        if is_reserved(mail.sender_address) and not settings.smtp_is_local:
            yield Fault("", 0, "mail.from", "sender_of_nobody", {"address": mail.sender_address})
        if not mail.operator:
            yield Fault("", 0, "mail.operator", "no_operator")
    if settings.inbox.is_set and not settings.inbox.believes:
        yield Fault("", 0, "inbox.authserv_id", "replies_unproven")
    # Whoever listens on the way would read the console's passwords.
    plain_site = web.base_url and not web.is_https and web.reachable
    plain_host = not web.base_url and not is_loopback(web.host or "0.0.0.0")  # noqa: S104 - asked, not bound
    if web.console != "off" and (plain_site or plain_host):
        yield Fault("", 0, "web.console", "passwords_in_the_clear", {"url": web.public_url})
