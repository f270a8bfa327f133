"""What a reply says, if it says nothing but what is known: strict, because a person reads the rest.

A reply is understood when each of its clauses is: a word that signs, one that says done (alone or
of a task that it names), a courtesy, or who has written it. One clause that is not leaves all of it
to a person: 已签收，但第2项尚未完成 is no signature that a program should make.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

LONGEST = 500  # characters: who writes more wants to be read
_CLAUSES = re.compile(r"[。！!；;，,\n]|\.(?=\s|$)")
_LEFT_OVER = "“”‘’\"'《》「」『』〈〉()（）[]【】.．:：、~～-—_*|"
_NUMERALS = {n: i for i, n in enumerate("零一二三四五六七八九")}
# Two items, 2项, are not the second one.
_NUMBER = re.compile(
    r"(?:第(?P<nth>\d{1,3}|[一二三四五六七八九十]{1,3})(?:项|条|件)?|(?:事项|任务|item|no\.?|#)?(?P<plain>\d{1,3}))"
)
# A day, a telephone number, or an address: what stands below a name.
_SIGNATURE = re.compile(
    r"(?:\d{4}[年./-]\d{1,2}[月./-]\d{1,2}日?|\d{1,2}月\d{1,2}日|(?:联系电话|电话|手机|tel|mobile)?:?\+?[\d-]{7,17}"
    r"|[\w.+-]+@[\w.-]+)"
)


@dataclass(frozen=True)
class ReplyWords:
    """Each as `plain` makes it. `before` may stand before the others: 我单位."""

    sign: frozenset[str]
    finish: frozenset[str]
    courtesy: frozenset[str]
    before: frozenset[str]


@dataclass(frozen=True)
class AskedTask:
    """One that may be registered as done. `names` are its id and titles; `number` as the mail has
    numbered it, 0 where that tells it from no other."""

    key: str
    names: tuple[str, ...]
    number: int = 0


@dataclass(frozen=True)
class UnderstoodReply:
    """`finished` are the keys of tasks; `unclear` says that it is not sure which one is meant."""

    signs: bool = False
    finished: tuple[str, ...] = ()
    unclear: bool = False

    @property
    def is_nothing(self) -> bool:
        return not (self.signs or self.finished or self.unclear)


def plain(text: str) -> str:
    """As words are compared: NFKC, in small letters, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def words_of(text: str) -> frozenset[str]:
    """One a line."""
    return frozenset(filter(None, map(plain, text.splitlines())))


def understand(
    text: str, words: ReplyWords, asked: Sequence[AskedTask], writers: Collection[str]
) -> UnderstoodReply | None:
    """None for what is not understood. `writers` are names that may stand below it."""
    if not text.strip() or len(text) > LONGEST:
        return None
    signs, unclear = False, False
    finished: list[str] = []
    known = {plain(name) for name in writers}
    for clause in filter(None, (_bare(one) for one in _CLAUSES.split(text))):
        rest = _without(clause, (), known)
        if rest in words.courtesy or rest in known or _SIGNATURE.fullmatch(rest):
            continue
        said = _without(clause, words.before, known)
        if said in words.sign:
            signs = True
        elif (reference := _named(said, words.finish)) is not None:
            meant = _meant(reference, asked)
            unclear |= not meant
            finished += meant
        else:
            return None
    return UnderstoodReply(signs, tuple(dict.fromkeys(finished)), unclear)


def _bare(clause: str) -> str:
    return plain(clause).strip(_LEFT_OVER)


def _without(clause: str, before: Iterable[str], names: Iterable[str]) -> str:
    """Less who says it."""
    for word in sorted((*before, *names), key=len, reverse=True):
        if word and clause.startswith(word) and clause != word:
            return clause.removeprefix(word).lstrip(_LEFT_OVER)
    return clause


def _named(clause: str, finish: Iterable[str]) -> str | None:
    """What is said to be done: empty for the only one. None where nothing is."""
    for word in sorted(finish, key=len, reverse=True):
        if clause.endswith(word):
            return clause.removesuffix(word).strip(_LEFT_OVER)
    return None


def _meant(reference: str, asked: Sequence[AskedTask]) -> list[str]:
    """None unless it is certain."""
    if not reference:
        return [asked[0].key] if len(asked) == 1 else []
    names = [one.key for one in asked if reference in map(_bare, one.names)]
    if not names and (number := _number(reference)):
        names = [one.key for one in asked if one.number == number]
    return names if len(names) == 1 else []


def _number(reference: str) -> int:
    found = _NUMBER.fullmatch(reference)
    if not found:
        return 0
    said = found[1] or found[2]
    if said.isdecimal():
        return int(said)
    tens, ten, ones = said.partition("十")
    if not ten:
        return _NUMERALS[tens] if len(tens) == 1 else 0
    return _NUMERALS.get(tens, 1) * 10 + _NUMERALS.get(ones, 0)
