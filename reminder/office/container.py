"""What is made from one version of the office, and gives way with it to the next."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from reminder.documents.office import Office
from reminder.ledger.access import installation_key
from reminder.ledger.database import Database
from reminder.mail.compose import Composer
from reminder.mail.presence import replica_name
from reminder.office.alerts import Watch
from reminder.office.held_digests import Approvals
from reminder.office.notice_writer import NoticeWriter
from reminder.office.planning import Planner
from reminder.office.receipts import Receipts
from reminder.office.reports import Reporter


class Container:
    """Whoever took one goes on with it: none of them sees the office change."""

    def __init__(self, office: Office, database: Callable[[], Database]) -> None:
        self.office = office
        self._database = database

    @cached_property
    def composer(self) -> Composer:
        given = self.office.settings.secret_key.get_secret_value()
        return Composer(self.office, installation_key(self._database(), given))

    @cached_property
    def notice_writer(self) -> NoticeWriter:
        return NoticeWriter(self.composer)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self.composer, self.notice_writer)

    @cached_property
    def planner(self) -> Planner:
        return Planner(self.composer, self._database(), self.notice_writer, self.receipts)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self.composer, self._database(), self.notice_writer)

    @cached_property
    def reporter(self) -> Reporter:
        return Reporter(self.composer, self._database(), self.notice_writer)

    @cached_property
    def watch(self) -> Watch:
        settings = self.office.settings
        replica = "" if isinstance(settings.ledger, Path) else replica_name()
        return Watch(settings, self.office.table, self._database(), self.reporter, replica)
