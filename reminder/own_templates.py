"""An operator's own templates before the shipped ones, completed by what they lack of those."""

from collections.abc import Callable, Iterable
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
)

# The shipped file itself, where an operator has one of its name: `shipped:words.txt`.
_SHIPPED, _COLON = "shipped", ":"
_IN_A_SET_OF_MACROS = (nodes.Macro, nodes.Assign, nodes.Import, nodes.FromImport, nodes.Output)
_Source = tuple[str, str, Callable[[], bool]]


def loader_of(own: Path | None, shipped: Path, languages: Iterable[str]) -> BaseLoader:
    """Of these languages' folders, the first one's before the others'."""
    ours = {name: FileSystemLoader(shipped / name, encoding="utf-8-sig") for name in languages}
    if own is None:
        return ChoiceLoader(list(ours.values()))
    loaders: list[BaseLoader] = []
    for language, loader in ours.items():
        loaders += [_OwnLoader(own / language, encoding="utf-8-sig"), loader]
    return ChoiceLoader(
        [*loaders, PrefixLoader({_SHIPPED: ChoiceLoader([*ours.values()])}, _COLON)]
    )


class _OwnLoader(FileSystemLoader):
    """A copy of an earlier version lacks what others import from the shipped file since: that
    file's stands in for it, below the last line, so that lines stay what they are."""

    def get_source(self, environment: Environment, template: str) -> _Source:
        source, path, is_current = super().get_source(environment, template)
        names = lacking(environment, template, source)
        lines = [f'{{% import "{_SHIPPED}{_COLON}{template}" as _shipped %}}'] if names else []
        lines += [f"{{% set {name} = _shipped.{name} %}}" for name in names]
        return source + "".join(lines), path, is_current


def lacking(environment: Environment, template: str, source: str) -> list[str]:
    """What that text of an operator's own has not of the shipped file, if that is a set of macros
    and the text can be read."""
    name = f"{_SHIPPED}{_COLON}{template}"
    try:
        assert environment.loader is not None
        shipped, _, _ = environment.loader.get_source(environment, name)
        wanted, there = (environment.parse(text).body for text in (shipped, source))
    except (TemplateNotFound, TemplateSyntaxError):
        return []
    if not all(isinstance(node, _IN_A_SET_OF_MACROS) for node in wanted):
        return []
    return sorted(_defined(wanted) - _defined(there))


def _defined(body: list[nodes.Node]) -> set[str]:
    """Macros and variables that others may import."""
    names = {node.name for node in body if isinstance(node, nodes.Macro)}
    assigned = (node.target for node in body if isinstance(node, nodes.Assign))
    names |= {target.name for target in assigned if isinstance(target, nodes.Name)}
    return {name for name in names if not name.startswith("_")}
