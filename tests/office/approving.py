"""What the secretariat approves, by an application at its own moment."""

from datetime import datetime

from reminder.office.application import Application
from reminder.office.approval import Digest, DigestBatch


def read_batches(app: Application) -> list[DigestBatch]:
    with app.database.read() as connection:
        return app.container.approvals.batches(connection, app.clock.now())


def find(app: Application, key: str) -> tuple[Digest, datetime]:
    with app.database.read() as connection:
        return app.container.approvals.find(connection, key, app.clock.now())


def approve(app: Application, key: str, as_of: datetime, sha256: str) -> bool:
    return app.container.approvals.approve(key, as_of, sha256, app.clock.now())


def approve_all(app: Application, period: str, due: datetime, as_of: datetime, sha256: str) -> int:
    return app.container.approvals.approve_all(period, due, as_of, sha256, app.clock.now())


def drop(app: Application, key: str, why: str) -> None:
    app.container.approvals.drop(key, why, app.clock.now())
