"""docs/reference/settings.md: every setting, as the code has it."""

from collections.abc import Iterator
from datetime import time
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from reminder.documents.section import Section
from reminder.documents.settings import Settings

_HEAD = """# Settings

<!-- Made by `make docs`. -->

In `reminder.toml`, in the folder that `--config` or `REMINDER_CONFIG` names. Paths are relative to
that file. A setting may come from four places, the earlier of which wins:

1. the command line: `--plan`;
2. the environment: `smtp.host` is `REMINDER_SMTP__HOST`; a list or a table is JSON there;
3. a file of the secrets folder (`secrets` beside `reminder.toml`, or the one that
   `REMINDER_SECRETS_DIR` names) for what is a secret: `secrets/smtp__password`;
4. `reminder.toml`. [The shipped one](../../config/reminder.toml) shows all as one writes them.

A **secret** is printed nowhere. What is **live** changes when the file is saved, all else with a
restart.
"""
_COLUMNS = ["setting", "is", "default", "", "says"]
_CHANGED = object()
_LISTS = {"date": "days", "MonthTaskTable": "tables"}
_KINDS = {"bool": "`true`, `false`", "str": "text", "int": "number", "float": "number"}
_KINDS |= {"date": "day", "BeforeTable": "table"}
_KINDS |= {
    "Path": "path",
    "time": "time of day",
    "SecretStr": "secret",
    "frozenset": "list of days",
}


def page() -> str:
    whole = {name: field for name, field in Settings.model_fields.items() if not inside_of(field)}
    parts = [_HEAD, table(_COLUMNS, _rows(whole, ""))]
    for name, field in Settings.model_fields.items():
        if inside := inside_of(field):
            parts += _section(f"{field.alias or name}", field, inside)
    return "\n".join(parts) + "\n"


def _section(name: str, field: FieldInfo, inside: type[Section]) -> Iterator[str]:
    if get_origin(field.annotation) is dict:
        name = f"{name}.NAME"
    form = f"[[{name}]]" if get_origin(field.annotation) is list else f"[{name}]"
    yield f"\n## `{form}`\n\n{_sentence(field.description)}\n"
    own = {key: one for key, one in inside.model_fields.items() if not inside_of(one)}
    yield table(_COLUMNS, _rows(own, f"{name}."))
    for key, one in inside.model_fields.items():
        if deeper := inside_of(one):
            yield from _section(f"{name}.{key}", one, deeper)


def _rows(fields: dict[str, FieldInfo], outer: str) -> Iterator[list[str]]:
    for name, field in fields.items():
        shown = f"{outer}{field.alias or name}"
        kind = kind_of(field)
        now = "live" if _is_live(f"{outer}{name}") else ""
        yield [f"`{shown}`", kind, _default(field, kind), now, field.description or ""]


def table(head: list[str], rows: Iterator[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def inside_of(field: FieldInfo) -> type[Section] | None:
    """The table that it is, or of which it is a list or a family."""
    kinds = (field.annotation, *get_args(field.annotation))
    found = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section))
    return next(found, None)


def kind_of(field: FieldInfo) -> str:
    kinds = [kind for kind in _alternatives(field.annotation) if kind is not type(None)]
    if all(isinstance(kind, str) for kind in kinds):
        return ", ".join(f'`"{kind}"`' for kind in kinds)
    kind = get_origin(kinds[0]) or kinds[0]
    if kind is list:
        return "list of " + _LISTS.get(getattr(get_args(kinds[0])[0], "__name__", ""), "texts")
    if issubclass(kind, Enum):
        return ", ".join(f'`"{one}"`' for one in kind)
    bounds = {
        key: getattr(one, key)
        for one in field.metadata
        for key in ("ge", "gt", "le")
        if hasattr(one, key)
    }
    least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le")
    between = f", {least} to {most}" if most is not None else ""
    return _KINDS[kind.__name__] + between


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """`Literal`s taken apart, as a union is."""
    parts = get_args(kind)
    if not parts or (get_origin(kind) in (list, frozenset)):
        return (kind,)
    return tuple(one for part in parts for one in _alternatives(part))


def _default(field: FieldInfo, kind: str) -> str:
    value = field.default
    if field.is_required():
        return "*required*"
    if field.default_factory or isinstance(value, Path):
        return "beside the program" if isinstance(value, Path) else "`~/.local/state/reminder`"
    if value is None or value in ("", frozenset()) or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, time):
        return f'`"{value.isoformat()}"`'
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`".replace("'", '"')


def _is_live(name: str) -> bool:
    """Whether a running daemon takes over what is edited there."""
    outer, inner = name.split(".")[:2] if "." in name else (name, "")
    before = Settings.model_construct()
    section = getattr(before, outer)
    if not isinstance(section, Section):  # also a list of them: it is taken over as a whole
        return getattr(before.with_live(_with(before, outer, _CHANGED)), outer) is _CHANGED
    after = before.with_live(_with(before, outer, _with(section, inner, _CHANGED)))
    return getattr(getattr(after, outer), inner) is _CHANGED


def _with(model: Any, name: str, value: object) -> Any:
    return model.model_copy(update={name: value})


def _sentence(words: str | None) -> str:
    text = words or ""
    return text[:1].upper() + text[1:] + "."
