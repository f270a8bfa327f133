"""A message through a mail server: what each of its answers means for each recipient."""

import pytest

from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.mail.transports.smtp_answers import THROTTLES, refusal_answer
from tests.mail.servers import (
    CLOSE,
    CONTENT,
    CUT_SHORT,
    DRIP,
    GO_THEN_CLOSE,
    GO_THEN_DEAF,
    HANG,
    LEAD,
    RELATED,
    SHORT,
    BadServer,
    Inbox,
    bad_server,
    kind,
    mail,
    ours,
    real_server,
    send,
    transport,
)


@pytest.fixture(params=[False, True], ids=["one-by-one", "in-groups"], autouse=True)
def pipelining(request, monkeypatch) -> bool:
    """Whether the servers offer it. What they then say means the same."""
    for server in (BadServer, Inbox):
        monkeypatch.setattr(server, "pipelining", request.param)
    return request.param


def claim_that_lapses_after(times: int):
    answers = iter([True] * times)
    return lambda: next(answers, False)


# What arrives


def test_server_receives_the_stored_bytes_for_every_recipient_once():
    with real_server(inbox := Inbox()) as port:
        connection = transport(port).open()
        answers = connection.send(mail(LEAD, RELATED, LEAD), ours)
        for number in range(2):
            connection.send(mail(content=CONTENT + b"%d\r\n" % number), ours)
        connection.close()
    assert set(answers.values()) == {Answer(State.SENT, Reason.ACCEPTED, "250 2.0.0 kept")}
    first, *others = inbox.received
    assert first.original_content == CONTENT
    assert (first.mail_from, first.rcpt_tos) == ("office@mail.test", [LEAD, RELATED])
    assert first.mail_options == [f"SIZE={len(CONTENT)}"]
    assert len(others) == 2  # over one connection


def test_message_larger_than_the_server_takes_is_refused_before_mail():
    with bad_server(EHLO=["250-bad.test\r\n250 SIZE 20"]) as server:
        answer = send(server)[LEAD]
        assert kind(answer) == (State.REFUSED, Reason.MESSAGE_REFUSED)
        assert answer.reply == f"not sent: {len(CONTENT)} bytes, the server takes 20"
        assert "MAIL" not in server.verbs
    # To one that does not know SIZE it is not told.
    with bad_server(EHLO=["250 bad.test"]) as server:
        send(server)
        assert server.commands[1] == "MAIL FROM:<office@mail.test>"


def test_missing_last_line_end_is_added_before_the_final_dot():
    with bad_server() as server:
        send(server, content=b"a\r\n.b")
        assert server.bodies == [b"a\r\n..b\r\n"]


# Recipients


@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        ("251 will forward", State.SENT, Reason.ACCEPTED),
        ("252 cannot verify, will try", State.SENT, Reason.ACCEPTED),
        ("450 4.2.0 greylisted", State.RETRY, Reason.RECIPIENT_DEFERRED),
        ("550 5.1.1 no such user", State.REFUSED, Reason.RECIPIENT_REFUSED),
        ("550 Ip frequency limited. http://qq.test", State.RETRY, Reason.THROTTLED),
        ("550 Mailbox unavailable or access denied [abc]", State.RETRY, Reason.THROTTLED),
        ("550-more\r\n550 RP:TRC 163 smtp1,abc", State.RETRY, Reason.THROTTLED),
        ("554 5.5.0 MI:STC 163 smtp2", State.RETRY, Reason.THROTTLED),
    ],
)
def test_each_recipient_has_an_answer_of_its_own(reply, state, reason):
    with bad_server(RCPT=["250 ok", reply]) as server:
        answers = send(server, LEAD, RELATED)
    assert kind(answers[LEAD]) == (State.SENT, Reason.ACCEPTED)
    assert kind(answers[RELATED]) == (state, reason)


def test_when_all_recipients_fail_nothing_is_sent(pipelining):
    with bad_server(RCPT=["550 no", "450 later"]) as server:
        answers = send(server, LEAD, RELATED)
        assert [answers[LEAD].state, answers[RELATED].state] == [State.REFUSED, State.RETRY]
        ahead = ["DATA"] * pipelining
        assert server.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", *ahead, "RSET", "QUIT"]
        assert server.bodies == []


def test_421_at_rcpt_ends_the_connection_and_keeps_what_was_refused():
    with bad_server(RCPT=["250 ok", "550 no", "421 4.3.2 closing"]) as server:
        answers = send(server, LEAD, RELATED, "c@unit.test", "d@unit.test")
        assert server.dropped
        assert server.bodies == []
    assert kind(answers[RELATED]) == (State.REFUSED, Reason.RECIPIENT_REFUSED)
    for one in (LEAD, "c@unit.test", "d@unit.test"):
        assert answers[one] == Answer(State.RETRY, Reason.SERVER, "421 4.3.2 closing")


def test_recipients_beyond_the_most_are_asked_again_in_a_further_transaction():
    with bad_server(RCPT=["250 ok", "452 4.5.3 too many", "250 ok"]) as server:
        answers = send(server, LEAD, RELATED)
        assert {one.state for one in answers.values()} == {State.SENT}
        assert [to for to, _ in server.accepted] == [LEAD, RELATED]


@pytest.mark.parametrize("end", [CLOSE, "421 4.7.0 enough", "452 4.3.1 full"])
def test_failure_of_a_further_transaction_leaves_the_first_ones_answers(end):
    with bad_server(RCPT=["250 ok", "452 4.5.3 too many"], MAIL=["250 ok", end]) as server:
        answers = send(server, LEAD, RELATED)
    assert answers[LEAD].state == State.SENT
    assert kind(answers[RELATED]) == (State.RETRY, Reason.RECIPIENT_DEFERRED)


def test_claim_that_lapses_after_the_first_transaction_leaves_its_answers():
    with bad_server(RCPT=["250 ok", "452 4.5.3 too many"]) as server:
        answers = send(server, LEAD, RELATED, claim=claim_that_lapses_after(2))
        assert server.dropped
    assert [answers[LEAD].state, answers[RELATED].state] == [State.SENT, State.RETRY]


def test_address_that_smtp_cannot_say_is_refused_alone():
    with bad_server() as server:
        answers = send(server, LEAD, "部门@unit.test", "x@unit.test>\r\nDATA")
        assert [one.state for one in answers.values()].count(State.REFUSED) == 2
        assert answers[LEAD].state == State.SENT
        assert server.verbs.count("DATA") == 1


def test_reply_is_one_harmless_line_of_at_most_500_characters():
    reply = "550-5.1.1 \x1b[31m不存在\x07\r\n550 " + "很长" * 400
    with bad_server(RCPT=[reply, "550 用户不存在\r\n".encode("gb18030")]) as server:
        answers = send(server, LEAD, RELATED)
    words = answers[LEAD].reply
    assert words.startswith("550 5.1.1 [31m不存在 很长")
    assert words.isprintable()
    assert len(words) == 500
    assert answers[RELATED].reply == "550 用户不存在"


@pytest.mark.parametrize("local", [False, True])
def test_reserved_address_is_refused_without_the_server_hearing_of_it_unless_it_is_here(local):
    reserved = ("related@unit.example", "x@example.org")
    # 127.1 leads to this machine, but is not spelled as a loopback address.
    host = "localhost" if local else "127.1"
    with bad_server() as server:
        answers = send(server, "lead@unit.cn", *reserved, host=host)
        heard = "\n".join(server.commands)
    assert answers["lead@unit.cn"].state == State.SENT
    for one in reserved:
        assert (answers[one].reason == Reason.RESERVED_ADDRESS) is not local
        assert (one in heard) is local


# The message


@pytest.mark.parametrize("verb", ["DATA", "BODY"])
@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        ("552 5.3.4 too large", State.REFUSED, Reason.MESSAGE_REFUSED),
        ("554 5.6.0 spam", State.REFUSED, Reason.MESSAGE_REFUSED),
        ("451 4.3.0 later", State.RETRY, Reason.MESSAGE_DEFERRED),
        ("421 4.3.2 closing", State.RETRY, Reason.MESSAGE_DEFERRED),
        ("550 Sender frequency limited", State.RETRY, Reason.THROTTLED),
    ],
)
def test_refused_message_is_refused_for_all_accepted_recipients(verb, reply, state, reason):
    with bad_server(**{verb: [reply], "RCPT": ["250 ok", "250 ok", "550 no"]}) as server:
        answers = send(server, LEAD, RELATED, "gone@unit.test")
        assert answers[LEAD] == answers[RELATED] == Answer(state, reason, reply)
        assert answers["gone@unit.test"].reason == Reason.RECIPIENT_REFUSED


def test_connection_carries_on_after_a_refused_message_unless_the_server_balks_at_rset():
    with bad_server(DATA=["554 spam", "354 go"]) as server:
        connection = transport(server.port).open()
        first, second = (connection.send(mail(), ours)[LEAD].state for _ in range(2))
        connection.close()
        assert (first, second) == (State.REFUSED, State.SENT)
        assert server.verbs[3:6] == ["DATA", "RSET", "MAIL"]
    with bad_server(RCPT=["550 no"], RSET=["500 what"]) as server:
        assert send(server)[LEAD].state == State.REFUSED
        assert server.dropped


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        *[("DATA", reply) for reply in (HANG, CLOSE, "what", "250 odd", GO_THEN_CLOSE)],
        *[("BODY", reply) for reply in (HANG, CLOSE, DRIP, CUT_SHORT, "what", "354 again")],
    ],
)
def test_answer_lost_after_data_is_tried_again_on_a_new_connection(verb, reply):
    with bad_server(RCPT=["250 ok", "550 no"] * 2, **{verb: [reply]}) as server:
        answers = send(server, LEAD, RELATED, timeout=SHORT)
        assert server.dropped
    assert kind(answers[LEAD]) == (State.RETRY, Reason.ANSWER_LOST)
    assert kind(answers[RELATED]) == (State.REFUSED, Reason.RECIPIENT_REFUSED)


LARGE = b"Subject: plan\r\n\r\n" + b"x" * 76 + b"\r\n" * 4_000_000


def test_connection_cut_inside_a_large_body_is_an_answer_lost():
    with bad_server(EHLO=["250 bad.test"], DATA=[GO_THEN_CLOSE]) as server:
        assert kind(send(server, content=LARGE)[LEAD]) == (State.RETRY, Reason.ANSWER_LOST)


def test_server_that_reads_no_more_does_not_outlast_the_timeout():
    with bad_server(EHLO=["250 bad.test"], DATA=[GO_THEN_DEAF]) as server:
        answer = send(server, content=LARGE, timeout=SHORT)[LEAD]
    assert kind(answer) == (State.RETRY, Reason.ANSWER_LOST)
    assert "timed out" in answer.reply


def test_answer_that_came_before_its_message_does_not_count_for_the_next():
    with bad_server(BODY=[b"250 kept\r\n250 kept\r\n"]) as server:
        connection = transport(server.port).open()
        assert connection.send(mail(), ours)[LEAD].state == State.SENT
        with pytest.raises(ServerError, match="said more than it was asked"):
            connection.send(mail(), ours)
        assert connection.closed


# The claim


@pytest.mark.parametrize(("asked", "step"), [(0, "MAIL"), (1, "DATA")])
def test_lapsed_claim_sends_nothing_and_drops_the_connection(asked, step, pipelining):
    with bad_server() as server:
        ahead = pipelining and step == "DATA"
        with pytest.raises(ClaimLapsedError, match="the message" if ahead else step):
            send(server, claim=claim_that_lapses_after(asked))
        assert server.dropped
        assert (step in server.verbs) == ahead
        assert server.bodies == []


# Refusals that mean «later», told from those that mean it


def test_every_throttle_has_a_source_and_is_known():
    answers = (Reason.RECIPIENT_REFUSED, Reason.RECIPIENT_DEFERRED)
    throttles = {f"{words} x" for _, words, _, _ in THROTTLES}
    for reply in (*throttles, "Mailbox unavailable", "DT:SPM 163 smtp", "User suspended", "RP:TRCX",
                  "5.1.1 no such user, check the address and try again"):  # fmt: skip
        found = refusal_answer(550, reply.encode(), *answers)
        assert (found.reason is Reason.THROTTLED) == (reply in throttles), reply
    assert all(source.startswith("http") for *_, source in THROTTLES)
