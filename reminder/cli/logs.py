"""Log lines, for people or for machines."""

import logging
import traceback
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock, Timer

from reminder.cli.output import json_of
from reminder.domain.characters import harmless
from reminder.events import PERSONAL, Event

OF_CLIENTS = ("reminder.web", "uvicorn", "asyncio")  # who writes what a request brought about
MOST = 5  # lines of one kind a minute
_TELLS = "log_tells_how_many"


def log_to_stderr(form: str, level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(Bounded())
    ours = logging.getLevelNamesMapping()[level.upper()]
    # What libraries tell in passing has whole addresses in it, with their keys. Some set a level of
    # their own, so that the root's is not asked.
    theirs = max(ours, logging.WARNING)
    handler.addFilter(lambda one: one.levelno >= theirs or one.name.startswith("reminder"))
    logging.basicConfig(level=theirs, handlers=[handler], force=True)
    logging.getLogger("reminder").setLevel(ours)
    if form == "json" and level == "info":  # for programs each notice that went is a line
        logging.getLogger("reminder.mail.sending").setLevel(logging.DEBUG)


class TextFormatter(logging.Formatter):
    """Local time, level, message: one line, whatever a server put into it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return harmless(super().formatMessage(record).replace("\n", " "))

    def format(self, record: logging.LogRecord) -> str:
        """A traceback has lines of its own, below."""
        return "\n".join(map(harmless, super().format(record).split("\n")))


class JsonFormatter(logging.Formatter):
    """One object a line, with one event. What may say who somebody is stands in fields of its own
    (`PERSONAL`), and the message names those in its place."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", Event.LIBRARY),
            **({"notice": key} if (key := getattr(record, "notice", "")) else {}),
            "message": _without(
                record, {name: fields[name] for name in PERSONAL if name in fields}
            ),
            **fields,
            "logger": record.name,
            # As it was called before there was `at`.
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json_of(entry)


def _without(record: logging.LogRecord, personal: Mapping[str, object]) -> str:
    if not personal or not isinstance(record.args, tuple):
        return record.getMessage()
    names = {str(value): f"{{{name}}}" for name, value in personal.items() if value}
    return str(record.msg) % tuple(names.get(str(value), value) for value in record.args)


class Bounded(logging.Filter):
    """Bounds what one client can make the log say: of each kind some lines, then their number.

    A kind is what the code says and where it failed, never anything that came with a request.
    """

    def __init__(self, span: float = 60.0) -> None:
        super().__init__()
        self._span = span
        self._counts: Counter[tuple[object, ...]] = Counter()  # of this span
        self._lock = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(OF_CLIENTS) or hasattr(record, _TELLS):
            return True
        kind: tuple[object, ...] = (record.name, record.levelno, str(record.msg)[:40])
        if record.exc_info and (error := record.exc_info[1]):
            last = traceback.extract_tb(error.__traceback__)[-1:]
            kind = (*kind[:2], type(error), *((frame.filename, frame.lineno) for frame in last))
        with self._lock:
            self._counts[kind] += 1
            count = self._counts[kind]
        if count == 1:
            timer = Timer(self._span, self._tell, (kind, record))
            timer.daemon = True
            timer.start()
        return count <= MOST

    def _tell(self, kind: tuple[object, ...], record: logging.LogRecord) -> None:
        with self._lock:
            left = self._counts.pop(kind) - MOST
        if left > 0:
            words = "%d more within %.0f s were left out, like: %s"
            like = record.getMessage().partition("\n")[0]
            event = getattr(record, "event", Event.LIBRARY)
            more = event.of(like=like) | {_TELLS: True}
            log = logging.getLogger(record.name)
            log.log(record.levelno, words, left, self._span, like, extra=more)
