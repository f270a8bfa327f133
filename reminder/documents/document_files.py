"""What an office's documents are: plans, units, working days, each with its name and its file.

A name is the same on every machine, wherever the files lie.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reminder.documents.edited_file import EditedFile, is_folder, read_file
from reminder.documents.plan_folder import plan_files
from reminder.documents.workdays_file import year_files
from reminder.errors import ConfigurationError

UNITS = "units.toml"
PLAN, WORKDAYS = "plan", "workdays"
Contents = Mapping[str, bytes]


@dataclass(frozen=True)
class DocumentFiles:
    """`plan` is a file or a folder, `config` the folder with units.toml."""

    plan: Path
    config: Path

    def path_of(self, document: str) -> Path:
        """Where it stands, or would stand."""
        room, name = PurePosixPath(document).parts[-2:] if "/" in document else ("", document)
        if room == PLAN:
            folder = self.plan if is_folder(self.plan) else self.plan.parent
            return folder / name
        return self.config / room / name

    def documents(self) -> dict[str, Path]:
        """Those that are there, and the ones that must be."""
        found = {f"{PLAN}/{path.name}": path for path in plan_files(self.plan)}
        found[UNITS] = self.config / UNITS
        for path in year_files(self.config / WORKDAYS):
            found[f"{WORKDAYS}/{path.name}"] = path
        return found

    def folders(self) -> list[Path]:
        """In which documents may come and go."""
        of_plans = [self.plan] if is_folder(self.plan) else []
        return [*of_plans, self.config, self.config / WORKDAYS]

    def opened(self, contents: Contents | None) -> dict[str, EditedFile]:
        """By name, in order: each as it lies there or, of given contents, as it is among these."""
        if contents is None:
            return {name: EditedFile(path) for name, path in self.documents().items()}
        names = sorted({*contents, UNITS})
        return {name: EditedFile(self.path_of(name), contents.get(name)) for name in names}

    def contents(self, known: Iterable[str] = ()) -> dict[str, bytes | None]:
        """None for one that is missing. Of those that are `known` also a plan that stands beside
        the one that `plan` names. Raises `ConfigurationError` where one is there and cannot be
        read: nobody has taken it away."""
        contents: dict[str, bytes | None] = {}
        faults = []
        beside = {name: path for name in known if (path := self.path_of(name)).is_file()}
        for name, path in (beside | self.documents()).items():
            try:
                contents[name] = read_file(path)
            except FileNotFoundError:
                contents[name] = None
            except (OSError, ValueError):
                faults += EditedFile(path).faults
        if faults:
            raise ConfigurationError(faults)
        return contents


def of_plans(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(f"{PLAN}/")]


def of_room(files: Mapping[str, EditedFile], room: str) -> list[EditedFile]:
    return [file for name, file in files.items() if name.startswith(f"{room}/")]
