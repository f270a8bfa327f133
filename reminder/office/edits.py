"""Whether the files that people edit are still what is in force."""

from collections.abc import Iterator
from pathlib import Path

from reminder.documents.office import Office, load_office
from reminder.errors import ConfigurationError
from reminder.office.alerts import Trouble

_STILL = "the version of the start stays in force"


class Edits:
    """Reads the files again only when one of them changed."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._stamps = self._look()
        self._found: list[Trouble] = []

    def troubles(self) -> list[Trouble]:
        stamps = self._look()
        if stamps != self._stamps:
            self._stamps, self._found = stamps, list(self._read())
        return self._found

    def _look(self) -> list[tuple[Path, int, int]]:
        return [(path, *_stamp(path)) for path in self._office.files()]

    def _read(self) -> Iterator[Trouble]:
        try:
            office = load_office(self._office.config, self._office.command_line)
        except ConfigurationError as error:
            first, count = error.faults[0], len(error.faults)
            yield Trouble(
                "files/broken",
                f"an edit is broken, {_STILL}: {first}" + (f" and {count - 1} more" * (count > 1)),
                "broken_files",
                {"fault": first, "count": count},
            )
            return
        if (office.table, office.settings) != (self._office.table, self._office.settings):
            yield Trouble(
                "files/pending",
                f"the files were edited, {_STILL}: restart to put them in force",
                "pending_files",
            )


def _stamp(path: Path) -> tuple[int, int]:
    """When it was changed last, and its size; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
