"""The mailbox for answers: a Maildir, or one of an IMAP server. A mail is put away only when who
reads says so; until then it is read again."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reminder.documents.server_sections import InboxSettings
from reminder.errors import ServerError, UsageError
from reminder.mail.certificates import trusting
from reminder.mail.oauth import AccessToken, TokenSource

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

LARGEST = 256 << 10  # bytes of a mail that are read: what is attached is not needed


class Mailbox(Protocol):
    def count(self) -> int:
        """How many are to be read."""

    def unread(self, most: int) -> Iterator[tuple[str, bytes]]:
        """The oldest first, by a name that `put_away` knows."""

    def put_away(self, name: str) -> None:
        """It is read no more."""


@contextmanager
def opened(settings: InboxSettings, tokens: TokenSource | None = None) -> Iterator[Mailbox]:
    """By a token where there are any. Raises `ServerError` where it cannot be read, also later."""
    if settings.maildir:
        yield _Maildir(settings.maildir, settings.done)
    else:
        with _imap(settings, tokens) as box:
            yield box


def count_unread(settings: InboxSettings, tokens: TokenSource | None = None) -> int:
    """Raises `ServerError`, and `UsageError` where none is set."""
    if not settings.is_set:
        raise UsageError.because("no_inbox")
    with opened(settings, tokens) as box:
        return box.count()


class _Maildir:
    def __init__(self, folder: Path, done: str) -> None:
        self._folder = folder
        self._done = folder / f".{done}" / "cur" if done else None

    def count(self) -> int:
        return len(self._paths())

    def _paths(self) -> list[Path]:
        try:
            return [*self._in("new"), *(path for path in self._in("cur") if not _is_seen(path))]
        except OSError as error:
            raise self._trouble(error) from error

    def unread(self, most: int) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self._paths(), key=lambda path: path.name)[:most]:
            with suppress(FileNotFoundError):  # a mail program has moved it
                try:
                    with path.open("rb") as file:
                        content = file.read(LARGEST)
                except PermissionError as error:
                    raise self._trouble(error) from error
                yield str(path), content

    def _in(self, part: str) -> list[Path]:
        with os.scandir(self._folder / part) as entries:
            return [Path(e.path) for e in entries if e.is_file() and not e.name.startswith(".")]

    def put_away(self, name: str) -> None:
        path = Path(name)
        plain, _, flags = path.name.partition(":2,")
        seen = f"{plain}:2,{''.join(sorted({*flags, 'S'}))}"
        try:
            if self._done:
                for part in ("tmp", "new", "cur"):
                    self._done.with_name(part).mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                path.rename((self._done or self._folder / "cur") / seen)
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> ServerError:
        return ServerError(
            f"inbox {self._folder}: {error.strerror or error}",
            hint="Is it a Maildir (with new and cur), and may this user read and move mails there?",
        )


def _is_seen(path: Path) -> bool:
    return "S" in path.name.partition(":2,")[2]


@contextmanager
def _imap(settings: InboxSettings, tokens: TokenSource | None) -> Iterator["_Imap"]:
    import imaplib

    from imap_tools.errors import ImapToolsError

    where = f"inbox {settings.host}:{settings.effective_port}"
    try:
        box = _connected(settings)
        try:
            _log_in(box, settings, tokens)
            yield _Imap(box, settings)
        finally:
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                box.logout()
            with suppress(OSError):  # where the server hung up, the library leaves it open
                box.client.shutdown()
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
        raise ServerError(f"{where}: {_said(error)}") from None


def _said(error: Exception) -> str:
    """The server's words, less what the library puts around them."""
    words = str(error) or type(error).__name__
    return re.sub(r"\s+", " ", words.replace("b'", "'"))[:300]


def _connected(settings: InboxSettings) -> "BaseMailBox":
    from imap_tools import MailBox, MailBoxStartTls, MailBoxUnencrypted

    host, port, timeout = settings.host, settings.effective_port, settings.timeout
    if settings.security == "none":
        return MailBoxUnencrypted(host, port, timeout)
    context = trusting(settings.ca_file, "inbox.ca_file")
    if settings.security == "tls":
        return MailBox(host, port, timeout, ssl_context=context)
    return MailBoxStartTls(host, port, timeout, context)


def _log_in(box: "BaseMailBox", settings: InboxSettings, tokens: TokenSource | None) -> None:
    """Raises `ServerError` where it is refused."""
    from imap_tools.errors import MailboxLoginError

    try:
        if tokens:
            _by_token(box, settings.username, tokens)
        else:
            _by_password(box, settings)
    except (MailboxLoginError, box.client.error) as error:
        words = _said(error)
        hint = "Check inbox.username and the password, and that IMAP is allowed for that account."
        if tokens:
            hint = "The token was given: the mailbox must allow it (docs/howto/mail-server.md)."
        is_passing = isinstance(error, box.client.abort) or "UNAVAILABLE" in words  # RFC 5530, 3
        where = f"inbox {settings.host}: log-in refused: {words}"
        raise ServerError(where, permanent=not is_passing, hint=hint) from None
    if "ID" in box.client.capabilities:
        # Some providers open no mailbox to programs that do not name themselves (RFC 2971).
        box.client.xatom("ID", '("name" "reminder")')
    box.folder.set(settings.folder)


def _by_token(box: "BaseMailBox", username: str, tokens: TokenSource) -> None:
    """One that is refused may have been withdrawn: once by another."""
    token = tokens.token()
    try:
        _authenticate(box, username, token)
    except box.client.error:
        _authenticate(box, username, tokens.token(refused=token))


def _authenticate(box: "BaseMailBox", username: str, token: AccessToken) -> None:
    """To a refusal that is spelt out the empty line is the answer; then comes the server's NO."""
    said = [f"user={username}\1auth=Bearer {token.text}\1\1".encode(), b""]
    box.client.authenticate("XOAUTH2", lambda _: said.pop(0) if said else b"")


def _by_password(box: "BaseMailBox", settings: InboxSettings) -> None:
    password = settings.password.get_secret_value()
    is_ascii = (settings.username + password).isascii()
    (box.login if is_ascii else box.login_utf8)(settings.username, password, None)


class _Imap:
    def __init__(self, box: "BaseMailBox", settings: InboxSettings) -> None:
        self._box = box
        self._done = settings.done
        self._made = False

    def count(self) -> int:
        return len(self._uids())

    def _uids(self) -> list[str]:
        """Where they are moved all that are there, else those without the mark."""
        found = self._box.uids("ALL" if self._done else "UNSEEN", charset=None)
        return sorted(found, key=int)

    def unread(self, most: int) -> Iterator[tuple[str, bytes]]:
        for uid in self._uids()[:most]:
            if (content := self._fetched(uid)) is not None:
                yield uid, content

    def _fetched(self, uid: str) -> bytes | None:
        """None for one that somebody has taken away. Never marked as read by it."""
        _, parts = self._box.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")
        return next((part[1] for part in parts if isinstance(part, tuple)), None)

    def put_away(self, name: str) -> None:
        if not self._done:
            self._box.flag(name, r"\Seen", True)
            return
        if not self._made and not self._box.folder.exists(self._done):
            self._box.folder.create(self._done)
        self._made = True
        self._box.flag(name, r"\Seen", True)
        self._box.move(name, self._done)
