"""A folder as a way out: the stored bytes, exactly once, never half a message."""

import os
from pathlib import Path

import pytest

from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.mail.transports import Envelope
from reminder.mail.transports.maildir import MaildirTransport, file_name, messages

CONTENT = b"Subject: plan\r\n\r\n.one\r\n..two\r\nlast\r\n"
ENVELOPE = Envelope(
    message_id="<digest.1/../x:2,S@reminder.example>",
    sender="office@reminder.example",
    recipients=("lead@unit.example", "related@unit.example"),
    content=CONTENT,
)
NAME = file_name(ENVELOPE.message_id)


def ours() -> bool:
    return True


def send(folder: Path, envelope: Envelope = ENVELOPE):
    return MaildirTransport(folder).open().send(envelope, ours)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_file_holds_the_stored_bytes_and_every_recipient_is_told_its_name(tmp_path):
    """Which comes from the Message-ID alone, and is safe."""
    answers = send(tmp_path)
    assert (tmp_path / "new" / NAME).read_bytes() == CONTENT
    accepted = Answer(State.SENT, Reason.ACCEPTED, f"stored as new/{NAME}")
    assert answers == dict.fromkeys(ENVELOPE.recipients, accepted)
    assert file_name("<other@reminder.example>") != NAME
    assert set(NAME) <= set("0123456789abcdef.reminder")


def test_folder_is_made_for_its_owner_only(tmp_path):
    outbox = tmp_path / "var" / "outbox"
    MaildirTransport(outbox).open().close()
    assert sorted(path.name for path in outbox.iterdir()) == ["cur", "new", "tmp"]
    assert {path.stat().st_mode & 0o777 for path in (outbox, *outbox.iterdir())} == {0o700}


@pytest.mark.parametrize("place", ["new/", "cur/", "cur/:2,", "cur/:2,S", "cur/:2,RS"])
def test_message_that_is_there_read_or_not_counts_as_accepted(tmp_path, place):
    send(tmp_path)
    there = place.replace("/", f"/{NAME}")
    (tmp_path / "new" / NAME).rename(tmp_path / there)
    assert send(tmp_path)["lead@unit.example"].reply == f"already there as {there}"
    assert files(tmp_path) == [there]


def test_draft_of_a_killed_process_is_written_anew(tmp_path):
    connection = MaildirTransport(tmp_path).open()
    (tmp_path / "tmp" / NAME).write_bytes(b"half of a longer draft" * 10)
    connection.send(ENVELOPE, ours)
    assert files(tmp_path) == [f"new/{NAME}"]
    assert (tmp_path / "new" / NAME).read_bytes() == CONTENT


def test_claim_is_asked_after_the_draft_and_when_it_has_lapsed_nothing_is_left(tmp_path):
    connection, seen = MaildirTransport(tmp_path).open(), []
    with pytest.raises(ClaimLapsedError):
        connection.send(ENVELOPE, lambda: seen.append(files(tmp_path)))
    assert seen == [[f"tmp/{NAME}"]]
    assert files(tmp_path) == []


def test_full_disk_is_the_folders_trouble_and_leaves_no_half_message(tmp_path):
    connection = MaildirTransport(tmp_path).open()
    # A leftover draft that is the full device: a real ENOSPC.
    (tmp_path / "tmp" / NAME).symlink_to("/dev/full")
    with pytest.raises(ServerError, match="No space left") as trouble:
        connection.send(ENVELOPE, ours)
    assert "Make room" in trouble.value.hint
    assert files(tmp_path) == []
    assert not (tmp_path / "tmp" / NAME).is_symlink()
    assert connection.send(ENVELOPE, ours)["lead@unit.example"].state == State.SENT


def test_folder_that_is_gone_or_cannot_be_made_is_said_and_leaves_no_draft(tmp_path):
    connection = MaildirTransport(tmp_path).open()
    (tmp_path / "new").rmdir()
    with pytest.raises(ServerError, match=str(tmp_path)):
        connection.send(ENVELOPE, ours)
    assert files(tmp_path) == []
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(ServerError, match="outbox"):
        MaildirTransport(tmp_path / "outbox").open()


def test_messages_are_listed_newest_first_read_or_not(tmp_path):
    MaildirTransport(tmp_path).open()
    for age, place in enumerate(["new/newest", "cur/middle:2,S", "new/oldest"]):
        (tmp_path / place).write_bytes(CONTENT)
        os.utime(tmp_path / place, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "tmp" / "draft").write_bytes(CONTENT)
    listed = [path.name for path in messages(tmp_path)]
    assert listed == ["newest", "middle:2,S", "oldest"]
    assert messages(tmp_path / "absent") == []
