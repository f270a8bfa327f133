"""Tasks whose times become others: what is registered of them goes on under other keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from reminder.documents.edited_file import EditedFile
from reminder.documents.office import Office
from reminder.documents.plan_file import read_plan
from reminder.domain.occurrences import carried_keys


def carried_tasks(
    before: Mapping[str, bytes | None], after: Office
) -> Iterator[tuple[str, str, str]]:
    """By plan the keys, before and after. `before` are the documents that change."""
    tables = {
        after.document_at(path): table
        for path, table in zip(after.paths, after.tables, strict=True)
    }
    for name, content in before.items():
        if content is None or name not in tables:
            continue
        table = tables[name]
        then = read_plan(EditedFile(Path(name), content), table.directory, table.days)
        if then and (then.id, then.year) == (table.plan.id, table.plan.year):
            for task, onto in carried_keys(then, table.plan).items():
                yield table.plan.id, task, onto
