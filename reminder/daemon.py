"""The daemon: a scheduler that wakes the tick, a thread that delivers, a web server."""

import logging
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reminder.domain.notices import ON_ITS_WAY, State
from reminder.errors import LedgerError, ReminderError
from reminder.events import Event
from reminder.ledger import counts
from reminder.ledger.holds import Hold, read_hold
from reminder.ledger.views import NoticeView, has_planned, read_notices
from reminder.mail.replicas import sending_right
from reminder.office import systemd
from reminder.office.alerts import OTHER_FILES, SCHEDULER, Trouble
from reminder.office.application import Application
from reminder.office.edits import EditedFiles, watch
from reminder.office.heartbeat import Heartbeat
from reminder.office.ping import Ping
from reminder.office.previews import rehearse
from reminder.office.signals import stopping
from reminder.office.ways import ChannelSending, stop_sending
from reminder.web.app import create_app
from reminder.web.server import web_server

log = logging.getLogger(__name__)

EXAMPLES = 5  # of new notices, on the first screen
FIRST_PASS = 20  # seconds that the first screen waits for the first mails


@dataclass(frozen=True)
class Started:
    """What the first screen tells."""

    url: str
    delivers: bool
    new: int
    accepted: int
    examples: tuple[NoticeView, ...]
    resumed: int
    held: int
    hold: Hold | None
    rehearsed: str
    in_outbox: int


class Daemon:
    """`run` returns when a signal asked for it and what was being sent is recorded."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._stop = threading.Event()
        self._work = threading.Event()
        self._idle = threading.Event()
        self._letters = threading.Event()
        self._edits = EditedFiles(app)
        self._stalls: list[Trouble] = []  # since the last look
        self._file_troubles: list[Trouble] = []
        self._ping = Ping(app)
        waits = lambda: bool(app.waits_for_clock(app.clock.now()))  # noqa: E731
        self._channels = ChannelSending(app.senders[1:], waits, self._tell)
        self._threads: list[threading.Thread] = []  # without which it is not what it is for
        app.wake = self._wake

    def run(self, announce: Callable[[Started], None]) -> None:
        route = self._app.sender.route  # before anybody may ask the sender to stop
        log.debug("delivers by %s", route.name, extra=Event.DELIVERS.of())
        with stopping(self._halt, None if sys.stdin and sys.stdin.isatty() else self._reload):
            self._run(announce)

    def _run(self, announce: Callable[[Started], None]) -> None:
        listener = _listen(self._app.settings.web.host, self._app.settings.web.port)
        with self._app.database.read() as connection:
            before = counts.last_change(connection)
            resumed = counts.count(connection, *ON_ITS_WAY)
        self._take_edits(self._app.clock.now())
        planned = self._app.plan(self._app.clock.now())
        self._app.activity.note_tick(self._app.clock.now(), is_good=True)
        rehearsed = self._rehearse_for_newcomers()
        sender = threading.Thread(target=self._deliver, name="sender")
        sender.start()
        self._work.set()
        web = web_server(create_app(self._app))
        server = threading.Thread(target=web.run, args=([listener],), name="web")
        server.start()
        watcher = threading.Thread(target=self._watch, name="files")
        watcher.start()
        self._threads = [sender, server]
        if self._app.settings.inbox.is_set:
            # Nobody waits for it at the end: a slow server of the mailbox holds up nothing.
            letters = threading.Thread(target=self._read_letters, name="inbox", daemon=True)
            letters.start()
            self._threads.append(letters)
        heartbeat = Heartbeat(self._tick)
        systemd.notify(systemd.READY, systemd.status(self._app.activity))
        try:
            self._idle.wait(FIRST_PASS)
            announce(self._started(planned, before, resumed, rehearsed, listener.getsockname()[1]))
            heartbeat.guard(self._stop, lambda: self._stalls.append(SCHEDULER))
        finally:
            self._halt()
            heartbeat.stop()
            web.stop()
            sender.join()
            server.join()
            watcher.join()

    def _halt(self) -> None:
        """What is being sent is finished and recorded; nothing else is begun."""
        if not self._stop.is_set():
            systemd.notify(systemd.STOPPING)
        self._stop.set()
        stop_sending(self._app.senders)
        self._wake()
        self._letters.set()
        self._idle.set()  # nobody waits for a first pass that was called off

    def _wake(self) -> None:
        self._work.set()
        self._channels.wake()

    def _tick(self) -> None:
        at = self._app.clock.now()
        failed = self._app.activity.failed
        for step in (self._take_edits, self._app.plan, self._look):
            try:
                step(at)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next tick tries again
                self._tell(error)
        self._app.activity.note_tick(at, is_good=self._app.activity.failed == failed)
        self._wake()
        self._letters.set()
        self._ping.after_pass()
        self._say_alive()

    def _read_letters(self) -> None:
        """A thread of its own, once a tick, where this process delivers."""
        from reminder.office.inbox import InboxReader  # where there is one

        inbox = InboxReader(self._app, self._stop)
        while not self._stop.is_set():
            self._letters.wait()
            self._letters.clear()
            try:
                if self._app.activity.delivers and inbox.read(self._app.clock.now()):
                    self._wake()
            except Exception as error:  # noqa: BLE001 - a thread that ends reads nothing more
                self._tell(error)

    def _say_alive(self) -> None:
        """Nothing, where a thread has died: then systemd ends this process, and begins another."""
        if all(thread.is_alive() for thread in self._threads):
            systemd.notify(systemd.WATCHDOG, systemd.status(self._app.activity))

    def _watch(self) -> None:
        watch(self._app, self._stop, self._edited)

    def _reload(self) -> None:
        """SIGHUP; on a terminal that is its end."""
        systemd.notify(systemd.RELOADING, systemd.moment())
        self._edited()
        systemd.notify(systemd.READY)

    def _edited(self) -> None:
        """Somebody has saved a file, or asks us to look."""
        try:
            self._take_edits(self._app.clock.now())
        except Exception as error:  # noqa: BLE001 - whatever it was, the next tick looks again
            self._tell(error)

    def _take_edits(self, at: datetime) -> None:
        if not self._app.waits_for_clock(at):
            self._file_troubles = self._edits.look()

    def _look(self, at: datetime) -> None:
        """Of two daemons the one that delivers judges what only a daemon sees."""
        more = [*self._stalls, *self._file_troubles]
        if not self._app.is_current():
            more.append(OTHER_FILES)
        activity = self._app.activity
        activity.troubles = [trouble.name for trouble in more]
        if activity.delivers and not self._app.waits_for_clock(at):
            self._app.backups.begin_if_due(at)
        self._app.look(at, more if activity.delivers else None)
        self._stalls.clear()

    def _deliver(self) -> None:
        """A thread of its own: sends as long as it has the right to."""
        waits = False
        while not self._stop.is_set():
            self._wait_for_work()
            try:
                with sending_right(
                    self._app.settings,
                    self._app.database,
                    self._wake,
                    config_hash=lambda: self._app.config_hash,
                    lasting=True,
                ) as replica:
                    if not replica and not waits:
                        words = "another process delivers; this one plans and serves"
                        log.warning(words, extra=Event.STANDS_BY.of())
                        waits = True
                    if replica:
                        self._app.sender.replica = replica
                        self._app.activity.delivers, waits = True, False
                        self._letters.set()
                        with self._channels.by(replica):
                            self._send_until_stopped()
            except LedgerError as error:
                self._tell(error)
            self._app.activity.delivers = False
            self._idle.set()

    def _wait_for_work(self) -> None:
        self._work.wait()
        self._work.clear()

    def _send_until_stopped(self) -> None:
        """Whenever there is work."""
        while not self._stop.is_set():
            try:
                if not self._app.waits_for_clock(self._app.clock.now()):
                    self._app.sender.send_ready()
                    if self._app.report(self._app.clock.now()):
                        self._app.sender.send_ready()
            except Exception as error:  # noqa: BLE001 - a thread that ends delivers nothing more
                self._tell(error)
            self._idle.set()
            self._wait_for_work()

    def _tell(self, error: Exception) -> None:
        """A named failure in a sentence, anything else with its traceback: it is our mistake."""
        self._app.activity.failed += 1
        if isinstance(error, ReminderError):
            words, failed = "%s. The next tick tries again. %s", Event.TICK_FAILED.of()
            log.error(words, error, error.hint, extra=failed)
        else:
            words = "an unforeseen failure; the next tick tries again"
            log.exception(words, extra=Event.UNFORESEEN.of())

    def _rehearse_for_newcomers(self) -> str:
        """On a day without a digest, a first look: only while nothing was ever sent."""
        app, at = self._app, self._app.clock.now()
        if app.waits_for_clock(at) or app.settings.transport != "maildir":
            return ""
        with app.database.read() as connection:
            is_new = app.table.live_digest(at) is None and not has_planned(connection)
        return rehearse(app, at)[0] if is_new else ""

    def _started(
        self, planned: list[str], before: int, resumed: int, rehearsed: str, port: int
    ) -> Started:
        app = self._app
        with app.database.read() as connection:
            held = counts.count(connection, State.HELD)
            sent = counts.count(connection, State.SENT)
            hold = read_hold(connection, app.settings.stream)
            accepted = counts.states_since(connection, before)[State.SENT] if planned else 0
            views = read_notices(connection, keys=planned[:EXAMPLES])
        web = app.settings.web
        url = web.public_url if web.base_url else web.model_copy(update={"port": port}).public_url
        return Started(
            url, app.activity.delivers, len(planned), accepted, tuple(views), resumed, held, hold,
            rehearsed, sent,
        )  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        facts = {"host": host, "port": port, "why": error.strerror}
        raise ReminderError.because("port_taken", **facts) from None
