"""Files that are edited while a daemon runs: they come into force, or somebody hears why not."""

from collections.abc import Iterator
from pathlib import Path

from reminder.documents.settings_sources import SettingsSources
from reminder.errors import ConfigurationError, Fault
from reminder.office.alerts import Trouble
from reminder.office.application import Application
from reminder.office.publishing import publish_files, take_in


class EditedFiles:
    """Reads them again only when one of them changed, or something else came into force."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._looked_at: object = None
        self._troubles: list[Trouble] = []

    def look(self) -> list[Trouble]:
        """Puts in force what is to be; returns what stands in the way."""
        take_in(self._app)
        if self._state() != self._looked_at:
            # As it was before: what changes meanwhile is looked at again.
            before = self._state()
            self._troubles = list(self._publish())
            self._looked_at = before if self._app.as_edited.publication == before[0] else None
        return self._troubles

    def _state(self) -> tuple[int | None, list[tuple[Path, int, int]]]:
        files = self._app.as_edited.files()
        return self._app.as_edited.publication, [*map(_version, files)]

    def _publish(self) -> Iterator[Trouble]:
        look = publish_files(self._app, author="")
        try:
            sources = SettingsSources(self._app.as_edited.config, self._app.as_edited.command_line)
            settings = sources.load()
        except ConfigurationError as error:
            yield _broken(error.faults)
            return
        if look.faults:
            yield _broken(look.faults)
        if look.conflicts:
            names = ", ".join(look.conflicts)
            words = f"edited in file and elsewhere, what is in force stays: {names}"
            yield Trouble("files/conflict", words, "conflicts", {"documents": look.conflicts})
        if settings != self._app.settings:
            words = "settings were edited, those of the start stay: restart to put them in force"
            yield Trouble("files/pending", words, "pending_files")


def _broken(faults: list[Fault] | tuple[Fault, ...]) -> Trouble:
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    words = f"an edit is broken, the last good version stays in force: {faults[0]}{more}"
    facts = {"fault": faults[0], "count": len(faults)}
    return Trouble("files/broken", words, "broken_files", facts)


def _version(path: Path) -> tuple[Path, int, int]:
    """With zeros where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_size
