"""Pages that are made from the code say what the code says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from reminder.documents.settings import Settings
from scripts.reference.pages import pages
from scripts.reference.settings import inside_of

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_is_as_the_code_has_it(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path], "make docs writes it anew"


def undescribed(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        if not field.description:
            yield f"{section.__name__}.{name}"
        if inside := inside_of(field):
            yield from undescribed(inside)


def test_every_setting_says_what_it_is() -> None:
    assert list(undescribed(Settings)) == []
