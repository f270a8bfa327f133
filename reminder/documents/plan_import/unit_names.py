"""The units that a cell names: told apart by the directory, never by punctuation alone."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from reminder.domain.units import Directory, Unit, plain_name

_FIRM = frozenset("\n\t,;|。")  # these separate; those of _SOFT stand within names as well
_SOFT = frozenset("、/·")
_WORDS = frozenset("和与及")
# A class of units rather than one: only where the directory has no such name.
_CLASS = re.compile(
    "^(?:各|有关|相关|其他|其它|全体|全[市县区省校院乡镇])|[省市县区]直(?:各|有关|相关)?(?:部门|单位|机关)"
    "|(?:^|[县区市])(?:等|各)|有关(?:部门|单位)|等$|(?:相关|成员)(?:部门|单位)"
)
_UNIT = re.compile(
    ".*(?:[局委办厅部院会处科室司所组团队馆站社台行厂店系班园股协军党堂课中]|中心|公司|集团|支队|大队|学校|大学|[中小]学"
    "|基地|支部|总支|政府|人大|政协|街道|[乡镇县区市州旗盟村校]|单位|部门|年级|机构|机关|企业)"
)
_NOTE = re.compile(r"\(([^()]*)\)(?=$|[\n\t,;|。、/])")
LIKELY = 50  # names of which the most alike is looked for
_NUMBER = re.compile(r"(?m)^\s*\d{1,2}[.．、]\s*")
_AND_OTHERS = re.compile(r"等(?=$|[,;、。\n]|\d*个?(?:有关|相关|成员)?(?:部门|单位|科室|处室))")


@dataclass(frozen=True)
class Named:
    """One unit as it is to be written; `unit` is None for one that nobody knows.

    `joined` to the one before without a sign between them; `note` is what stood in brackets.
    """

    name: str
    unit: Unit | None = None
    joined: bool = False
    note: str = ""
    short: str = ""  # as it is written, where that is no name or alias of the unit
    parted: str = ""  # as it is written, where its parts are names of other units

    @property
    def full_name(self) -> str:
        return self.unit.name if self.unit else self.name

    @property
    def is_class(self) -> bool:
        return self.unit is None and bool(_CLASS.search(self.name))


@dataclass(frozen=True)
class _Step:
    """How one came to a place in the text: from where, by which name."""

    cost: float
    source: "tuple[int, str]" = (0, "gap")
    name: str = ""
    note: str = ""


@dataclass
class UnitNames:
    """Every spelling of the directory, compared in NFKC and without blanks."""

    directory: Directory
    _read: dict[str, tuple[Named, ...]] = field(default_factory=dict)

    @cached_property
    def spellings(self) -> dict[str, tuple[str, Unit]]:
        """By compared form: as the directory writes it, and whose it is."""
        pairs = self.directory.by_name.items()
        found = {plain_name(name): (name, unit) for name, unit in reversed(pairs)}
        for unit in self.directory.units.values():
            if unit.short:
                found.setdefault(plain_name(unit.short), (unit.name, unit))
        return found

    @cached_property
    def _lengths(self) -> dict[str, list[int]]:
        """Of the names that begin with a sign."""
        found: dict[str, set[int]] = {}
        for name in self.spellings:
            found.setdefault(name[:1], set()).add(len(name))
        return {sign: sorted(lengths) for sign, lengths in found.items()}

    @cached_property
    def _with_sign(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.spellings:
            for sign in set(name):
                found.setdefault(sign, []).append(name)
        return found

    def near(self, name: str, alike: float = 0.75) -> str:
        """A known spelling that the unknown one may have been meant for."""
        shared = Counter(
            known for sign in set(plain_name(name)) for known in self._with_sign.get(sign, ())
        )
        likely = [known for known, _ in shared.most_common(LIKELY)]
        found = difflib.get_close_matches(plain_name(name), likely, n=1, cutoff=alike)
        return self.spellings[found[0]][0] if found else ""

    def read(self, text: str) -> tuple[Named, ...]:
        """In the cell's order. As few characters as can be belong to no known name.

        A known name begins and ends at a separator or at another known name: what only begins
        like one is another unit.
        """
        if text not in self._read:
            self._read[text] = tuple(
                self._named(*_compared(_AND_OTHERS.sub("、等", _NUMBER.sub("", text.strip()))))
            )
        return self._read[text]

    def _named(self, text: str, written: list[str]) -> Iterator[Named]:
        word, gap, after = "", "", "gap"  # an unknown name so far, what stands behind it
        for start, end, state, step in [*self._cheapest(text), (0, 0, "known", _Step(0))]:
            if state == "gap":
                gap += text[start:end]
            elif state == "unknown":
                if word and gap and not _goes_on(word, gap):
                    yield from _unknown(word)
                    word, gap = "", ""
                word, gap = word + gap.strip() * bool(word) + "".join(written[start:end]), ""
            else:
                yield from _unknown(word)
                word = gap = ""
                if step.name:
                    name, unit = self.spellings[step.name]
                    short = unit.short if plain_name(name) != step.name else ""
                    parts = text[start:end].split()
                    parted = len(parts) > 1 and all(part in self.spellings for part in parts)
                    said = " ".join(parts) if parted else ""
                    yield Named(name, unit, after == "known", step.note, short, said)
            after = state

    def _cheapest(self, text: str) -> list[tuple[int, int, str, _Step]]:
        """The steps from begin to end; by place and whether a known name ends there."""
        best: dict[tuple[int, str], _Step] = {(0, "gap"): _Step(0)}
        depth, nests = 0, text.count("(") == text.count(")")
        for at, sign in enumerate(text):
            for state in ("gap", "known", "unknown"):
                if here := best.get((at, state)):
                    for to, step in self._steps(text, (at, state), here.cost, depth):
                        if to not in best or step.cost < best[to].cost:
                            best[to] = step
            depth = max(0, depth + (sign == "(") - (sign == ")")) if nests else 0
        ends = [(len(text), state) for state in ("gap", "known", "unknown")]
        place = min((end for end in ends if end in best), key=lambda end: best[end].cost)
        steps = []
        while place[0]:
            step = best[place]
            steps.append((step.source[0], *place, step))
            place = step.source
        return steps[::-1]

    def _steps(
        self, text: str, here: tuple[int, str], cost: float, depth: int
    ) -> Iterator[tuple[tuple[int, str], _Step]]:
        at, state = here
        sign = text[at]
        if (sign in _FIRM and not (depth and sign == ",")) or (sign in _SOFT and not depth):
            yield (at + 1, "gap"), _Step(cost, here)
        elif sign == " ":
            yield (at + 1, "gap"), _Step(cost + 0.005, here)
        elif sign in _WORDS and not depth:
            # 和平区 begins with no separator: between names of which none is known it is costly.
            yield (at + 1, "gap"), _Step(cost + 1.5, here)
        if state != "known" and sign not in _FIRM - {","}:
            yield (at + 1, "unknown"), _Step(cost + (sign != " "), here)
        if state == "unknown":
            return
        for name, end in self._names_at(text, at):
            if note := _NOTE.match(text, end):
                yield (note.end(), "known"), _Step(cost + 0.3, here, name, note[1])
            yield (end, "known"), _Step(cost + 0.01, here, name)

    def _names_at(self, text: str, at: int) -> Iterator[tuple[str, int]]:
        """Known names that begin there, and where they end; blanks and line breaks may stand in
        them."""
        lengths = self._lengths.get(text[at], [])
        signs, ends = "", [0]
        for place in range(at, len(text)):
            if not lengths or len(signs) == lengths[-1]:
                break
            if text[place] not in "\n ":
                signs += text[place]
                ends.append(place + 1)
        for length in lengths:
            if length < len(ends) and signs[:length] in self.spellings:
                yield signs[:length], ends[length]


def _compared(text: str) -> tuple[str, list[str]]:
    """NFKC, with one blank or line end for several; beside each sign how it was written."""
    signs: list[str] = []
    written: list[str] = []
    for sign in text:
        same = unicodedata.normalize("NFKC", sign)
        same = "\n" if sign in "\n\t" else " " if same.isspace() else same
        if same == " " and signs[-1:] in ([" "], ["\n"]):
            continue
        signs += same
        written += [sign, *[""] * (len(same) - 1)]
    return "".join(signs), written


def _goes_on(word: str, gap: str) -> bool:
    """市、县（区）教育局 is one: no unit is called 市."""
    name = re.sub("[（(][^（()）]*[）)]$", "", word.strip())
    half = len(name.removeprefix("各")) < 2 or (gap == "、" and not _UNIT.fullmatch(name))
    return half and gap in ("、", "\n")


def _unknown(word: str) -> Iterator[Named]:
    """A blank, 和 and 与 separate where both sides read as units."""
    pieces = re.split(r"([和与及]|\s)", word.strip("、:：/ \u3000"))
    name = pieces[0]
    for sign, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if len(name) > 1 and len(piece) > 1 and _UNIT.fullmatch(name) and _UNIT.fullmatch(piece):
            yield Named(name)
            name = piece
        else:
            name += sign.strip() + piece
    if name:
        yield Named(name)
