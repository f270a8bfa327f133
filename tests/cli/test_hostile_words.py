"""Words that would be more than words: inert in mails, calendars, logs and on a terminal."""

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
from icalendar import Calendar

from reminder.domain.characters import UNSEEN
from tests.cli.conftest import PLAN, UNITS, Ended, Office
from tests.daemon.trials import parsed

# What a table may hold, and what must come out as it went in.
WORDS = [
    "plain",
    "\"double\" 'single' `back`",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "</td></table><!-- --> ]]> -->",
    "&amp; &lt;b&gt; &#60;",
    "{{ 7 * 7 }}{% include 'x' %}{# #}",
    "${x} %s %(x)s {0} {x}",
    "=?utf-8?q?a=0D=0ABcc:_all=40x.cn?=",
    "%0d%0aBcc: all@x.cn",
    "Bcc: all@x.cn, <all@x.cn>; (all)",
    "two\\nlines\\r\\n",
    "C:\\New\\name\\",
    "a;b,c:d",
    "BEGIN:VEVENT",
    "SUMMARY;X=1:x",
    "=HYPERLINK(1)",
    "[2J[31m]0;x",
    "javascript:alert(1)",
    "😀👨\u200d👩\u200d👧🏳️\u200d🌈🇨🇳",
    "\ue000𠮷葛\U000e0100",
    "字" * 300,
    "x" * 300,
    "x " * 149 + "x",
]
# One more line, another order, or nothing to see: refused where they stand.
REFUSED = ["\\r\\nBcc: all@x.cn", "\\n", "\\u0000", "\\u001b[2J", "\\u007f", "\\u0085", "\\u009b2J",
           "\\u2028", "\\u202e", "\\u2066", "\\u200f", "\\u200b", "\\ufeff", "\\u00ad", "\\uffff",
           "\\ufdd0", "\\U000e0041"]  # fmt: skip


@pytest.fixture
def hostile(office: Office) -> Office:
    """A unit of every name, and each leads a task of that title."""
    plan, units = PLAN, UNITS
    for number, word in enumerate(WORDS):
        title, name = (json.dumps(one, ensure_ascii=False) for one in (word, f"{word} {number}"))
        plan += f"\n[[month]]\nmonth = 4\nlead = [{name}]\n[[month.task]]\n"
        plan += f'id = "hostile-{number}"\ntitle = {title}\n'
        units += f'\n[[unit]]\nid = "u{number}"\nname = {name}\nrelation = "own"\n'
        units += f'to = ["u{number}@unit.example"]\n'
    office.put("plan.toml", plan)
    office.put("units.toml", units)
    return office


class Page(HTMLParser):
    """Text by text, and every tag and attribute."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.names: set[str] = set()
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {tag, *(f"{tag}.{name}" for name, _ in attrs)}

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def mails(state: Path) -> Iterator[tuple[int, EmailMessage]]:
    """Those to the hostile units, with the number of their word."""
    for path in (state / "outbox" / "new").iterdir():
        message = parsed(path.read_bytes())
        address = message["To"].addresses[0].addr_spec
        if address.startswith("u"):
            yield int(address[1:].partition("@")[0]), message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    return str(part.get_content())


def test_words_are_inert_in_a_mail(hostile: Office, state: Path) -> None:
    hostile("tick")
    found = dict(mails(state))
    assert sorted(found) == list(range(len(WORDS)))
    assert len({tuple(message.keys()) for message in found.values()}) == 1
    pages = {number: Page(body(message, "html")) for number, message in found.items()}
    for number, message in found.items():
        (to,), word = message["To"].addresses, WORDS[number]
        assert to.addr_spec == f"u{number}@unit.example"
        assert to.display_name.replace(" ", "") == f"{word}{number}".replace(" ", "")
        assert len(str(message["Subject"])) < 100
        assert f" {word}\r\n" in body(message, "plain")
        assert word in pages[number].texts
    # Only as many elements and attributes as the plainest of them has.
    assert {frozenset(page.names) for page in pages.values()} == {frozenset(pages[0].names)}


def test_words_are_inert_in_a_calendar(hostile: Office, tmp_path: Path) -> None:
    hostile("feed", "export", "--output", str(tmp_path / "feeds"))
    content = (tmp_path / "feeds" / "plan.ics").read_bytes()
    assert max(map(len, content.split(b"\r\n"))) <= 75
    events = Calendar.from_ical(content).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} > set(WORDS)
    assert len(events) == content.count(b"\r\nBEGIN:VEVENT\r\n")
    assert len({frozenset(event) for event in events}) == 1


def test_words_are_inert_in_what_is_printed(hostile: Office) -> None:
    hostile("tick")
    for command in ("tasks", "units", "ledger list", "check"):
        for terminal in (False, True):
            ended = hostile(*command.split(), terminal=terminal)
            assert (ended.status, unseen(ended)) == (0, set()), command


def unseen(ended: Ended) -> set[str]:
    """Less the bold heads of a table, and what ends cells and lines."""
    text = re.sub(r"\x1b\[[01]m|[\t\n]", "", ended.out + ended.err)
    return set(UNSEEN.findall(text))


SETTINGS = 'plan = "plan.toml"\n[mail]\ncontact = "综合处"\n'
PLACES = {
    "plan.toml": (PLAN, "起草意见", 16),
    "units.toml": (UNITS, "高级人民法院", 16),
    "reminder.toml": (SETTINGS, "综合处", 3),
}


@pytest.mark.parametrize("name", PLACES)
def test_unseen_characters_are_refused_at_their_line(office: Office, name: str) -> None:
    text, before, line = PLACES[name]
    for word in REFUSED:
        office.put(name, text.replace(f'"{before}"', f'"{before}{word}"'))
        ended = office("check")
        assert ended.status == 2
        assert f"{name}:{line}: " in ended.err
        assert "character '\\" in ended.err
        assert unseen(ended) == set()
