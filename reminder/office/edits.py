"""Files that are edited while a daemon runs: they come into force, or somebody hears why not."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from reminder.documents.settings_sources import SettingsSources
from reminder.errors import ConfigurationError, Fault
from reminder.events import Event
from reminder.office.alerts import Trouble
from reminder.office.application import Application
from reminder.office.publishing import publish_files, take_in, write_left_files

log = logging.getLogger(__name__)
# Some editors empty a file before they write it, some save with each key: half a text is no
# version, and ten a second are no history that anybody could read.
STILL, LONGEST = 0.5, 5.0  # seconds


class EditedFiles:
    """Reads them again only when one of them changed, or something else came into force."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._looked_at: object = None
        self._looking = threading.Lock()
        self._troubles: list[Trouble] = []

    def look(self) -> list[Trouble]:
        """Puts in force what is to be; returns what stands in the way."""
        with self._looking:
            take_in(self._app)
            before = self._state()  # what changes meanwhile is looked at again
            if before != self._looked_at:
                found = list(self._publish())
                for trouble in (one for one in found if one not in self._troubles):
                    log.error("%s", trouble.detail, extra=Event.FILES_BROKEN.of())
                if self._troubles and not found:
                    words = "; ".join(one.detail for one in self._troubles)
                    log.warning("over: %s", words, extra=Event.FILES_MENDED.of())
                self._troubles = found
                self._looked_at = before if self._app.office.publication == before[0] else None
            return self._troubles

    def _state(self) -> tuple[int | None, list[tuple[Path, int, int]]]:
        files = self._app.office.files()
        return self._app.office.publication, [*map(_version, files)]

    def _publish(self) -> Iterator[Trouble]:
        app = self._app
        look = publish_files(app, author="")
        app.file_faults = look.faults
        if self._looked_at is None and not look.faults:
            write_left_files(app)
        try:
            settings = SettingsSources(app.office.config, app.office.command_line).load()
            live = app.settings.with_live(settings)
            if changed := app.settings.differing(live):
                app.use(live)
                words, names = "settings that are in force now: %s", ", ".join(changed)
                log.info(words, names, extra=Event.SETTINGS_CHANGED.of())
        except ConfigurationError as error:
            app.file_faults = error.faults
            yield _broken(error.faults)
            return
        if look.faults:
            yield _broken(look.faults)
        if look.conflicts:
            names = ", ".join(look.conflicts)
            words = f"edited in file and elsewhere, what is in force stays: {names}"
            yield Trouble("files/conflict", words, "conflicts", {"documents": look.conflicts})
        if late := app.settings.differing(settings):
            names = ", ".join(late)
            words = f"settings were edited that change with a restart only: {names}"
            yield Trouble("files/pending", words, "pending_settings", {"names": late})


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


def watch(app: Application, stop: threading.Event, edited: Callable[[], None]) -> None:
    """Calls `edited` when a file that people edit was changed and is left alone, until `stop`.

    Where the system cannot watch files (too many watches, some network shares) it says so once and
    returns: the tick looks at them every minute.
    """
    from watchfiles import watch as changes  # for a daemon alone

    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # else each change is a line
    while not stop.is_set():
        folders, is_new = _folders(app), True
        try:
            for found in changes(
                *folders, watch_filter=None, stop_event=stop, recursive=False, debounce=600,
                step=200, rust_timeout=1000, yield_on_timeout=True,
            ):  # fmt: skip
                if found or is_new:  # what changed before these folders were watched
                    is_new = False
                    _settle(app, stop)
                    edited()
                if _folders(app) != folders:
                    break  # one has come or gone
        except (OSError, RuntimeError) as error:
            words = "files cannot be watched, they are looked at every minute: %s"
            log.warning(words, error, extra=Event.NOT_WATCHED.of())
            return


def _settle(app: Application, stop: threading.Event) -> None:
    for _ in range(int(LONGEST / STILL)):
        before = [*map(_version, app.office.files())]
        if stop.wait(STILL) or before == [*map(_version, app.office.files())]:
            return


def _folders(app: Application) -> set[Path]:
    """Also those that a link leads to, where the file is that somebody saves."""
    files = app.office.files()
    folders = {path.parent for path in (*files, *(path.resolve() for path in files))}
    folders.update(app.office.document_files.folders())
    return {folder for folder in folders if folder.is_dir()}
