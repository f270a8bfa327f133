"""The page on watching has the tables that the code makes."""

from scripts.watching import PAGE, written


def test_tables_are_as_the_code_has_them() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page), "python -m scripts.watching writes them anew"
