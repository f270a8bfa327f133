"""What is made from one version of the office, and gives way with it to the next."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from reminder.delivery.approvals import Approvals
from reminder.delivery.message import Composer
from reminder.delivery.planning import Planner
from reminder.delivery.presence import replica_name
from reminder.delivery.receipts import Receipts
from reminder.delivery.registrar import Registrar
from reminder.delivery.reports import Reporter
from reminder.service.watch import Watch
from reminder.storage.ledger.database import Database
from reminder.storage.ledger.keys import installation_key
from reminder.storage.office import Office


class Parts:
    """Whoever took one goes on with it: none of them sees the office change."""

    def __init__(self, office: Office, database: Callable[[], Database]) -> None:
        self.office = office
        self._database = database

    @cached_property
    def composer(self) -> Composer:
        return Composer(self.office, installation_key(self._database(), self.office.settings))

    @cached_property
    def registrar(self) -> Registrar:
        return Registrar(self.composer)

    @cached_property
    def receipts(self) -> Receipts:
        return Receipts(self.composer, self.registrar)

    @cached_property
    def planner(self) -> Planner:
        return Planner(self.composer, self._database(), self.registrar, self.receipts)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self.composer, self._database(), self.registrar)

    @cached_property
    def reporter(self) -> Reporter:
        return Reporter(self.composer, self._database(), self.registrar)

    @cached_property
    def watch(self) -> Watch:
        settings = self.office.settings
        replica = "" if isinstance(settings.ledger, Path) else replica_name()
        return Watch(settings, self.office.table, self._database(), self.reporter, replica)
