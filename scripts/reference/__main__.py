"""Writes every page that is made from the code."""

from scripts.reference.pages import pages

for path, text in pages().items():
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
