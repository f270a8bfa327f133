"""The mailbox for answers: read once, put away when it is recorded, told when it cannot be read."""

from datetime import timedelta
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest

from reminder.documents.server_sections import InboxSettings
from reminder.errors import ServerError
from reminder.ledger.incoming import read_letters
from reminder.ledger.senders import read_alarms
from reminder.mail.inbox import LARGEST, count_unread, opened
from reminder.mail.letters import read_letter
from reminder.office import inbox
from tests.daemon.trials import MARCH, OPERATOR, Trial

LETTERS = Path(__file__).parents[1] / "data" / "letters"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Maildir"
    for part in ("tmp", "new", "cur"):
        (made / part).mkdir(parents=True)
    return made


def lay(folder: Path, name: str, part: str = "new", of: str = "list") -> Path:
    path = folder / part / name
    path.write_bytes((LETTERS / f"{of}.eml").read_bytes() + name.encode())
    return path


def left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("done", "afterwards"),
    [
        ("reminder", [".reminder/cur/1:2,S", ".reminder/cur/2:2,FS", "cur/3:2,S"]),
        ("", ["cur/1:2,S", "cur/2:2,FS", "cur/3:2,S"]),
    ],
)
def test_maildir_is_read_from_the_oldest_on(folder: Path, done: str, afterwards: list[str]) -> None:
    """What a person has read is left alone."""
    lay(folder, "1"), lay(folder, "2:2,F", "cur"), lay(folder, "3:2,S", "cur")
    settings = InboxSettings(maildir=folder, done=done)
    assert count_unread(settings) == 2
    with opened(settings) as box:
        for name, content in box.unread(10):
            assert content.startswith(b"From: somebody")
            box.put_away(name)
            box.put_away(name)  # somebody was faster
    assert left(folder) == afterwards
    assert count_unread(settings) == 0


def read_all(office: Trial, folder: Path) -> int:
    reader = inbox.InboxReader(office.app(MARCH, inbox={"maildir": folder}))
    return reader.read(reader.app.clock.now())


def test_mail_that_was_recorded_and_not_put_away_is_recorded_once(
    office: Trial, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two, the next one finds it in the ledger."""
    lay(folder, "1")
    with monkeypatch.context() as patch:
        patch.setattr("reminder.mail.inbox._Maildir.put_away", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            read_all(office, folder)
    assert left(folder) == ["new/1"]
    assert read_all(office, folder) == 0
    assert left(folder) == [".reminder/cur/1:2,S"]
    with office.reading() as connection:
        assert len(read_letters(connection)) == 1


def test_mail_that_cannot_be_understood_holds_up_no_other(
    office: Trial, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder, "1"), lay(folder, "2")
    odd = iter([lambda *_: 1 / 0, read_letter])
    monkeypatch.setattr(inbox, "read_letter", lambda *given: next(odd)(*given))
    assert read_all(office, folder) == 2
    with office.reading() as connection:
        states = {letter.state for letter in read_letters(connection)}
    assert states == {"waiting", "passed-over"}


def test_large_mail_is_read_as_far_as_it_is_needed(folder: Path) -> None:
    (folder / "new" / "1").write_bytes(b"Subject: x\r\n\r\n" + b"a" * (3 << 20))
    with opened(InboxSettings(maildir=folder)) as box:
        [(_, content)] = box.unread(10)
    assert len(content) == LARGEST


def test_mailbox_that_cannot_be_read_is_told_once_and_once_when_it_is_over(
    office: Trial, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere"
    at = office.app(MARCH).clock.now()

    def tick(minutes: int) -> set[str]:
        moment = (at + timedelta(minutes=minutes)).isoformat()
        app = office.app(moment, inbox={"maildir": missing}, mail=OPERATOR)
        inbox.tick(app)
        with office.reading() as connection:
            return {name for name in read_alarms(connection) if name == "inbox"}

    def told() -> list[str]:
        return sorted(key for key in office.notices(kind="report") if "alarm/inbox" in key)

    assert [tick(minutes) for minutes in (0, 2, 30)] == [set(), set(), set()]
    assert [tick(61), tick(90)] == [{"inbox"}] * 2
    assert len(told()) == 1
    assert "来信收不到" in office.subject(told()[0])
    for part in ("new", "cur"):
        (missing / part).mkdir(parents=True)
    assert tick(200) == set()
    assert len(told()) == 2


def test_nobody_at_the_servers_port() -> None:
    settings = InboxSettings(host="127.0.0.1", port=1, username="a", security="none", timeout=2)
    with pytest.raises(ServerError, match=r"inbox 127\.0\.0\.1:1: .*refused"):
        count_unread(settings)


def test_server_that_hangs_up_at_the_log_in_has_refused_nobody() -> None:
    """It is tried again soon."""

    def hang_up() -> None:
        with server.accept()[0] as client, client.makefile("rwb", 0) as lines:
            lines.write(b"* OK ready\r\n")
            tag = lines.readline().split()[0]
            lines.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
            lines.readline()

    with create_server(("127.0.0.1", 0)) as server:
        (thread := Thread(target=hang_up)).start()
        port = server.getsockname()[1]
        settings = InboxSettings(host="127.0.0.1", port=port, username="a", security="none")
        with pytest.raises(ServerError) as error:
            count_unread(settings)
        thread.join()
    assert not error.value.permanent
