"""The installation key, and what is derived from it: boundaries, Message-IDs, link tokens."""

import base64
import hmac
import secrets
from dataclasses import dataclass

from reminder.ledger.database import Database
from reminder.ledger.schema import setting
from reminder.ledger.upsert import put_new

_NAME = "installation-key"


@dataclass(frozen=True, repr=False)
class InstallationKey:
    """Whoever has it can forge every link: it never appears in a log, an error or a repr."""

    secret: bytes

    def derive(self, purpose: str, subject: str, length: int = 32) -> str:
        """HMAC-SHA-256 as lower-case letters and digits (base32), five bits a character."""
        message = f"{purpose}\0{subject}".encode()
        digest = hmac.digest(self.secret, message, "sha256")
        return (
            base64.b32encode(digest[: (length * 5 + 7) // 8]).decode().rstrip("=").lower()[:length]
        )


def installation_key(database: Database, given: str = "") -> InstallationKey:
    """The one that is `given` (REMINDER_SECRET_KEY), else the ledger's, made on first use."""
    if given:
        return InstallationKey(given.encode())
    query = setting.select().where(setting.c.name == _NAME)
    with database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        with database.write() as connection:
            put_new(connection, setting, {"name": _NAME, "value": secrets.token_hex(32)})
            row = connection.execute(query).one()
    return InstallationKey(bytes.fromhex(row.value))
