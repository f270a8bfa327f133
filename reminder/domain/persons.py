"""Who may use the console, and what each role may do there."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AccountRole(StrEnum):
    """Each may do what those before it may."""

    READ = "read"
    EDIT = "edit"
    APPROVE = "approve"
    ADMIN = "admin"

    def may(self, wanted: "AccountRole") -> bool:
        order = list(AccountRole)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True)
class Person:
    """`name` is what they log in with; empty for the one account of an office with a password
    alone. Every act bears the `full_name`."""

    name: str
    full_name: str
    role: AccountRole
    disabled: bool = False
    has_password: bool = True
    has_totp: bool = False
    subject: str = ""
    created: datetime | None = None

    def may(self, wanted: str) -> bool:
        return self.role.may(AccountRole(wanted))
