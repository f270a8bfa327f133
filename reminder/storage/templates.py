"""Where mails' and pages' templates are found: the operator's folder, then the shipped one."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reminder.settings import SHIPPED, Settings


def template_folders(settings: Settings) -> list[Path]:
    """A file in the first hides the one of the same name in the second."""
    shipped = SHIPPED / "templates"
    return [settings.templates, shipped] if settings.templates else [shipped]


def environment(settings: Settings, *, autoescape: bool) -> Environment:
    """Names begin with the kind's folder: `mail/…`, `web/…`. A name that a template uses and
    nobody gave is an error, not an empty place."""
    return Environment(
        loader=FileSystemLoader(template_folders(settings)),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
