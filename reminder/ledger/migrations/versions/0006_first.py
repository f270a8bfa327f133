"""The tables of the first version; a new ledger gets those of the present one at once."""

revision = "0006"
down_revision = None


def upgrade() -> None:
    """There is no way from nothing: see `opening`."""
