"""The commented settings file that the program ships, with an office's own values in it."""

import json
import re
from collections.abc import Mapping

_HEAD = re.compile(r"(?:# )?(\[{1,2})([a-z_.]+)\]{1,2}")
_ENTRY = re.compile(r'(?:# )?([a-z_]+) = ("(?:[^"\\]|\\.)*"|[^#]*?) *(#.*)?')
Given = Mapping[str, str | int | None]


def filled(text: str, values: Given) -> str:
    """With these values, by dotted name, in the places of the examples; every comment stays. None
    makes a comment of what the file says.

    Raises `KeyError` for a name that stands nowhere.
    """
    lines, left, section, head = text.split("\n"), dict(values), "", 0
    for at, line in enumerate(lines):
        if found := _HEAD.match(line):
            # Of a list of tables nothing is filled in.
            section, head = ("" if found[1] == "[" else "[]") + f"{found[2]}.", at
        elif (found := _ENTRY.fullmatch(line)) and (name := section + found[1]) in left:
            lines[at] = _entry(line, found, left.pop(name))
            if section and values[name] is not None:
                lines[head] = lines[head].removeprefix("# ")
    if left:
        raise KeyError(*left)
    return "\n".join(lines)


def _entry(line: str, found: re.Match[str], value: str | int | None) -> str:
    if value is None:
        return f"# {line.removeprefix('# ')}"
    # JSON's strings are TOML's.
    entry = f"{found[1]} = {json.dumps(value, ensure_ascii=False)}"
    return f"{entry.ljust(found.start(3) - 1)} {found[3]}" if found[3] else entry
