"""Edits of the table in a person's draft, over real files and ledgers."""

from typing import Any

from reminder.domain.persons import AccountRole, Person
from reminder.domain.versions import Tell
from reminder.office import drafts
from reminder.office.application import Application
from reminder.office.plan_edits import PlanDraft, TypedTask, plan_draft, save_task
from reminder.office.publishing import publish_files
from tests.daemon.trials import MARCH, Trial
from tests.plans import plan_text, put_plans

WANG = Person("wang", "王某", AccountRole.APPROVE)
LI = Person("li", "林某", AccountRole.APPROVE)
FORM: dict[str, Any] = {
    "place": "month", "time": "4月", "title": "新", "short": "", "lead": "承办委员会",
    "related": "", "opens": "", "due": "", "exact": False, "meetings": [], "before": None,
    "soft": False, "section": "", "remark": "", "source": "",
}  # fmt: skip


def looked_at(app: Application, person: Person = WANG) -> PlanDraft:
    with app.database.read() as connection:
        app.refresh_from(connection)
        return plan_draft(app, connection, person)


def typed(app: Application, name: str, person: Person = WANG, **values: Any) -> str:
    return save_task(app, person, looked_at(app, person), name, TypedTask(FORM | values))


def published(app: Application, person: Person = WANG) -> None:
    with app.database.read() as connection:
        draft = drafts.open_draft(connection, person.name)
    assert draft
    drafts.publish_draft(app, draft, person, note="", tell=Tell.NOBODY)


def test_of_several_tables_the_one_that_is_shown_is_edited(either: Trial) -> None:
    folder = put_plans(
        either,
        a=plan_text("a", months=(3, 4)),
        a_2027=plan_text("a", 2027, months=(3,)),
        b=plan_text("b", months=(3,), ids="b"),
    )
    app = either.app(MARCH)
    publish_files(app, author="")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert typed(app.about("b"), "b-03-1", title="改") == "b-03-1"
    assert typed(app.about("a", 2027), "", time="4月", title="来年") == "2027-04-1"
    published(app)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"b.toml", "a_2027.toml"}
    assert "来年" in after["a_2027.toml"].decode()


def test_ids_in_others_drafts_are_taken(either: Trial) -> None:
    app = either.app(MARCH)
    publish_files(app, author="")
    assert typed(app, "") == "2026-04-2"
    assert typed(app, "", LI) == "2026-04-3"
    published(app, LI)
    published(app)
    assert {"2026-04-2", "2026-04-3"} <= set(app.table.plan.by_id)


def test_what_one_does_not_change_comes_from_who_changes_it_meanwhile(either: Trial) -> None:
    app = either.app(MARCH)
    publish_files(app, author="")
    same = {"related": "相关委员会", "title": "另一件事"}
    typed(app, "2026-04-1", **same | {"title": "王某的字句"})
    typed(app, "2026-04-1", LI, **same | {"time": "5月"})
    published(app, LI)
    published(app)
    task = app.table.plan.by_id["2026-04-1"]
    assert (task.title, task.month) == ("王某的字句", 5)
    assert '"2026-04-1"' in either.plan_file.read_text("utf-8").split("month = 5")[1]
