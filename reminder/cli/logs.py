"""Log lines, for people or for machines."""

import logging

from reminder.characters import harmless
from reminder.cli.words import json_of


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
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json_of(entry)
