"""Files that commands write: for their owner alone, whatever lies in the folder already."""

from pathlib import Path

import pytest

from tests.cli.conftest import Office

WRITTEN = {
    "backup.db": ("ledger", "backup", "out/backup.db"),
    "lead.html": ("preview", "--unit", "lead", "--period", "2026-04", "--output", "out/lead.html"),
    "index.html": ("preview", "--period", "2026-04", "--output", "out"),
    "plan.ics": ("feed", "export", "--output", "out"),
    "report.txt": ("simulate", "--to", "2026-01-02", "--output", "out"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_command_writes_is_its_owners_alone(office: Office, name: str) -> None:
    office("tick")
    if "." in WRITTEN[name][-1]:
        Path("out").mkdir(mode=0o700)
    assert office(*WRITTEN[name]).status == 0
    assert Path("out").stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in Path("out").glob("*.*")}
    assert modes[name] == 0o600
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "report.txt"])
def test_what_a_command_writes_goes_through_no_planted_link(office: Office, name: str) -> None:
    office("tick")
    Path("victim").write_text("precious")
    Path("out").mkdir()
    names = (f"{name}.part", Path(name).with_suffix(".part").name, name)
    for planted in names[:2] if name == "backup.db" else names:
        Path("out", planted).symlink_to(Path("victim").absolute())
    assert office(*WRITTEN[name]).status == 0
    assert Path("victim").read_text() == "precious"
    assert not Path("out", name).is_symlink()
