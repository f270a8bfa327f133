"""What is valid in files and settings, and probably not meant."""

from collections.abc import Iterator

from reminder.documents.edited_file import EditedFile
from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources, config_dir
from reminder.domain.addresses import is_loopback, is_reserved
from reminder.domain.timetable import MONTHS
from reminder.errors import Fault


def warnings(office: Office) -> Iterator[Fault]:
    """With file and line."""
    settings, sources = office.settings, SettingsSources(office.config, office.command_line)
    file = EditedFile(config_dir(office.config) / "units.toml")
    yield from sources.warnings()
    yield from _of_units(office, file)
    directory, sender = office.table.directory, settings.mail.sender_address
    if settings.transport == "smtp" and not settings.smtp_is_local:
        addresses = {address.lower(): None for u in directory.single for address in (*u.to, *u.cc)}
        if reserved := [address for address in (*addresses, sender) if is_reserved(address)]:
            words = f"{len(reserved)} addresses lie in reserved domains, e.g. {reserved[0]}: "
            yield Fault(file.shown, 0, "", f"{words}nothing goes to them by {settings.smtp.host}")
    if settings.transport == "maildir" and "host" in settings.smtp.model_fields_set:
        words = "is maildir though [smtp] names a host: no mail leaves, wanted smtp"
        yield Fault("settings", 0, "transport", words)
    if settings.transport == "smtp" and not settings.web.reachable:
        state = "is a loopback address" if settings.web.base_url else "is not set"
        words = f"{state}: mails by SMTP go without links, wanted an address that readers can open"
        yield sources.fault(("web", "base_url"), words)


def _of_units(office: Office, file: EditedFile) -> Iterator[Fault]:
    table, directory = office.table, office.table.directory
    reached = {unit for month in MONTHS for unit in table.reached(month)}
    owners: dict[str, str] = {}
    for index, unit in enumerate(directory.single):
        here = ("unit", index)
        if not unit.has_address:
            words = f"{unit.name} has no address: it is told by nobody but the lead"
            yield file.fault((*here, "to"), words)
        elif unit.relation is None:
            words = "has no relation, wanted own, local or parallel; it is taken as own"
            yield file.fault((*here, "relation"), f"{unit.name} {words}")
        if unit.id not in reached or not unit.has_address:
            yield file.fault((*here, "id"), f"{unit.name} is reached by no digest of the year")
        for address in (*unit.to, *unit.cc):
            other = owners.setdefault(address.lower(), unit.id)
            if other != unit.id:
                words = f"{address} is the address of {directory[other].name} too"
                yield file.fault((*here, "to"), words)


def advice(settings: Settings) -> Iterator[str]:
    """One sentence each, beginning with the setting."""
    mail, web, domain = settings.mail, settings.web, settings.uid_domain
    if settings.transport == "smtp":
        if is_reserved(f"@{domain}"):
            yield f"uid_domain: {domain} is nobody's: choose one of your own, once, and keep it"
        if is_reserved(mail.sender_address) and not settings.smtp_is_local:
            yield f"mail.from: {mail.sender_address} is nobody's: mail servers will refuse it"
        if not mail.operator:
            yield "mail.operator: not set: nobody is told what will go, what went and what is wrong"
    # Whoever listens on the way would read the console's passwords.
    plain_site = web.base_url and not web.is_https and web.reachable
    plain_host = not web.base_url and not is_loopback(web.host or "0.0.0.0")
    if web.console != "off" and (plain_site or plain_host):
        yield (
            f"web.console: passwords go to {web.public_url} in plain text: put https "
            "in front, and its address into web.base_url"
        )
