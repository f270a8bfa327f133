"""What every table of reminder.toml is."""

from pydantic import BaseModel


class Section(BaseModel, extra="forbid", frozen=True, populate_by_name=True):
    """A table of reminder.toml."""
