"""What the documentation points at is there: pages, their sections, commands with their options."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from reminder.cli import cli

PROJECT = Path(__file__).parents[2]
PAGES = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
ROOT = typer.main.get_command(cli)
_COMMAND = re.compile(r"(?:^|[/ ])reminder (?!reminder|-- )((?:[a-z][a-z-]*|--).*)")
_USAGE = re.compile(r"[\[\]…\n]|\.\.\.|\\[|]?|\b(OPTIONS|COMMAND|ARGS)\b")
_END = re.compile(r"\d?[|>&;#（，、。：]")  # where a shell, or a sentence, goes on
_NAMED = re.compile(r"\bdocs/[\w/-]+\.md")
_FENCE = re.compile(r"(?ms)^( *)```.*?^ *```")


@cache
def anchors(page: Path) -> set[str]:
    """As GitHub makes them of the headings."""
    heads = re.findall(r"(?m)^#+ (.+)$", _FENCE.sub("", page.read_text("utf-8")))
    plain = (re.sub(r"[^\w\- ]", "", head.strip().lower()) for head in heads)
    return {head.replace(" ", "-") for head in plain}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            yield page, target


def test_every_link_leads_to_a_file_and_a_section() -> None:
    broken = []
    for page, target in links():
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        if "://" in target:
            continue
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(f"{page.relative_to(PROJECT)}: {target}")
    assert broken == []


def test_every_page_is_linked_from_another() -> None:
    targets = {(page.parent / target.partition("#")[0]).resolve() for page, target in links()}
    lost = [page for page in PAGES if page.resolve() not in targets]
    assert [str(page.relative_to(PROJECT)) for page in lost] == []


def test_every_test_that_is_named_is_there() -> None:
    files = (PROJECT / "tests").rglob("test_*.py")
    known = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    named = {
        (page.name, name)
        for page in PAGES
        for name in re.findall(r"`(test_\w+)`", page.read_text("utf-8"))
    }
    assert len(named) > 150
    assert {place for place in named if place[1] not in known} == set()


def command_lines() -> Iterator[tuple[str, str]]:
    """In backticks, or on an indented line, of whatever shell stands before."""
    for page in PAGES:
        text = page.read_text("utf-8")
        spans = re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", _FENCE.sub("", text))
        for line in (*spans, *re.findall(r"(?m)^ {4,}(.+)$", text)):
            plain = _USAGE.sub(" ", line)
            for found in _COMMAND.finditer(plain):
                yield str(page.relative_to(PROJECT)), _END.split(found[1])[0]


def wrong(line: str) -> str:
    """What of a command line is unknown; empty when all of it is known."""
    words, command = shlex.split(line), ROOT
    while words and isinstance(command, TyperGroup) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    options = {name: one for one in (*ROOT.params, *command.params) for name in one.opts}
    given = []
    while words:
        name, is_whole, _ = (word := words.pop(0)).partition("=")
        if not word.startswith("--"):
            given.append(word)
        elif name not in options and name != "--help":
            return name
        elif isinstance(option := options.get(name), TyperOption) and not option.is_flag:
            words[:1] = words[:1] if is_whole else []
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    many = any(one.nargs != 1 for one in arguments)
    return "" if many else " ".join(given[len(arguments) :])


def test_every_command_line_is_one() -> None:
    lines = set(command_lines())
    assert len(lines) > 150
    assert {place: unknown for place in lines if (unknown := wrong(place[1]))} == {}


def test_pages_that_the_program_names_are_there() -> None:
    said = [*(PROJECT / "reminder").rglob("*.py"), *(PROJECT / "templates").rglob("*.txt")]
    said += [*(PROJECT / "config").rglob("*.toml"), *(PROJECT / "contrib").rglob("*.y*ml")]
    named = {(path.name, name) for path in said for name in _NAMED.findall(path.read_text("utf-8"))}
    assert len(named) > 5
    assert {place for place in named if not (PROJECT / place[1]).exists()} == set()
