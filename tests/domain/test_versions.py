"""What a file means for the version in force."""

import pytest

from reminder.domain.versions import Origin, Verdict, Version, judge


@pytest.mark.parametrize(
    ("file", "seen", "in_force", "origin", "verdict"),
    [
        ("a", None, None, None, "edited"),
        ("a", None, "a", "console", "same"),
        ("", None, None, None, "same"),
        # It changed, and nothing else did.
        ("b", "a", "a", "console", "edited"),
        ("old", "a", "a", "file", "edited"),
        ("", "a", "a", "file", "edited"),
        # Something else came into force; the file is as it was.
        ("a", "a", "c", "console", "stale"),
        ("", "", "c", "console", "stale"),
        ("a", "a", "", "console", "stale"),
        # Both changed.
        ("b", "a", "c", "console", "conflict"),
        ("", "a", "c", "console", "conflict"),
        ("b", "a", "", "console", "conflict"),
        # A machine that was never in step: old files change nothing, new ones follow files only.
        ("old", None, "c", "file", "stale"),
        ("", None, "c", "file", "stale"),
        ("new", None, "c", "file", "edited"),
        ("new", None, "c", "start", "edited"),
        ("new", None, "c", "console", "conflict"),
        ("new", None, "c", "restore", "conflict"),
    ],
)
def test_verdict(
    file: str, seen: str | None, in_force: str | None, origin: str | None, verdict: str
) -> None:
    version = None
    if in_force is not None and origin:
        version = Version("units.toml", 7, in_force, Origin(origin))
    assert judge(file, seen, version, {"old", "a"}) is Verdict(verdict)
