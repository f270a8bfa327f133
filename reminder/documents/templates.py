"""Templates are compiled, rendered, and what is wrong in them is said with their file and line."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateError, TemplateSyntaxError

from reminder.documents.edited_file import is_leftover, not_utf8, shown
from reminder.documents.settings import Settings
from reminder.documents.tables.grid import RefusedFileError
from reminder.errors import ConfigurationError, Fault, Mistake
from reminder.own_templates import lacking
from reminder.words import CHINESE, SHIPPED, languages
from reminder.words import WORDS as WORDS
from reminder.words import environment as environment

KINDS = ("mail", "web", "calendar", "documents")
REFUSALS = "documents/refusals.txt"
# What an expression of the operator's own can come to, or a file that cannot be read.
_WRONG = (TemplateError, ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def office_templates(settings: Settings, *, autoescape: bool = False) -> Environment:
    """In the office's own language."""
    return environment(settings.templates, autoescape=autoescape, language=settings.language)


def find_file(own: Path | None, name: str, language: str = CHINESE) -> Path:
    """Of a template that is no text: the operator's, else the shipped one."""
    shipped = SHIPPED / "templates"
    for folder in (language, CHINESE):
        found = [base / folder / name for base in (own, shipped) if base]
        if path := next(filter(Path.exists, found), None):
            return path
    return shipped / CHINESE / name


def check_templates(settings: Settings) -> list[Fault]:
    """Compiles the operator's own templates; returns what these lack of the shipped ones, which
    stand in for it. Raises `ConfigurationError` with all that cannot be compiled."""
    own = settings.templates
    if own is None:
        return []
    # Folders of an operator's own that stand where nothing looks.
    places = [own / kind for kind in (*KINDS, WORDS) if (own / kind).exists()]
    faults = [
        Fault(shown(place), 0, "", "template_elsewhere", {"name": place.name}) for place in places
    ]
    warnings: list[Fault] = []
    for language in languages(own):
        templates = environment(own, autoescape=True, language=language)
        for name in _own_names(own / language):
            try:
                with _located(name):
                    templates.get_template(name)
                warnings += _lacking(templates, own / language, name)
            except ConfigurationError as error:
                faults += error.faults
    from reminder.documents.word_template import BRIEF, SAMPLE, fill  # with what unpacks it

    try:
        fill(find_file(own, BRIEF, settings.language), SAMPLE)
    except ConfigurationError as error:
        faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return warnings


def _own_names(folder: Path) -> Iterator[str]:
    """Of the templates in that folder of an operator's, but for what editors leave behind."""
    for name in FileSystemLoader(folder).list_templates():
        file = Path(name).name
        is_ours = name.partition("/")[0] in (*KINDS, WORDS)
        if is_ours and not (is_leftover(file) or file.startswith(".") or file.endswith(".docx")):
            yield name


def _lacking(templates: Environment, folder: Path, name: str) -> list[Fault]:
    mine = folder / name
    names = lacking(templates, name, mine.read_text("utf-8-sig"))
    return [Fault(shown(mine), 0, "", "lacks", {"names": names})] if names else []


def render(templates: Environment, name: str, values: dict[str, object]) -> str:
    """Raises `ConfigurationError` with the template's file and line: it may be the operator's."""
    with _located(name):
        return templates.get_template(name).render(values)


def phrase(templates: Environment, name: str, macro: str, **facts: object) -> str:
    """What a macro of a template says of these facts, without the line breaks at its ends.

    Raises `ConfigurationError` as `render` does.
    """
    with _located(name):
        template = templates.get_template(name)
        try:
            return str(getattr(template.module, macro)(**facts)).strip("\n")
        except _WRONG:
            templates.handle_exception()  # as `render` does: with the template's own lines


@contextmanager
def refusals(templates: Environment, path: Path) -> Iterator[None]:
    """Why a file is not read, in words. Raises `ConfigurationError`."""
    try:
        yield
    except RefusedFileError as error:
        words = phrase(templates, REFUSALS, "refusal", value=error.refusal)
        raise ConfigurationError([Fault(shown(path), 0, "", "said", {"words": words})]) from error


@contextmanager
def _located(name: str) -> Iterator[None]:
    try:
        yield
    except TemplateSyntaxError as error:  # of a template that it includes, too
        path, line = error.filename or name, error.lineno
        raise _refusal(path, line, error.message) from error
    except _WRONG as error:
        # Jinja rewrites tracebacks so that the templates' own lines stand in them.
        frames = traceback.extract_tb(error.__traceback__)
        lines = [
            (f.filename, f.lineno or 0) for f in frames if not f.filename.endswith((".py", ">"))
        ]
        raise _refusal(*(lines or [(name, 0)])[-1], error) from error


def _refusal(path: str, line: int, wrong: object) -> ConfigurationError:
    mistake = Mistake("wrong_template", why=str(wrong))
    if isinstance(wrong, UnicodeDecodeError):
        mistake = not_utf8(wrong)
    return ConfigurationError([Fault(shown(Path(path)), line, "", mistake.reason, mistake.facts)])
