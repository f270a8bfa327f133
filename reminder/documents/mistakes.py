"""What pydantic finds wrong in what people edit, in words."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from reminder.documents.toml_lines import Location
from reminder.domain.characters import quoted


def explain(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One pydantic error as `what is wrong, what was wanted`, never showing a secret."""
    kind, location = detail["type"], detail["loc"]
    if kind == "missing":
        return "is missing, wanted a value"
    if kind == "extra_forbidden":
        return unknown_key(str(location[-1]), _fields(model, location[:-1]))
    message = str(detail["msg"]).removeprefix("Value error, ")
    if kind == "value_error":
        return message
    wanted = message.removeprefix("Input should be ")
    wanted = wanted[0].lower() + wanted[1:]
    secret = any("password" in str(part) or "secret" in str(part) for part in location)
    return f"is {'not usable' if secret else quoted(detail['input'])}, wanted {wanted}"


def unknown_key(key: str, keys: Iterable[str]) -> str:
    names = sorted(keys)
    close = difflib.get_close_matches(key, names, n=1)
    wanted = f"{close[0]}?" if close else f"one of {', '.join(names)}"
    return f"unknown key, wanted {wanted}"


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    for part in location:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _model_in(field.annotation) or model
                break
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_model_in, getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)
