"""What people edit on the console, from the first edit to the publication."""

import pytest

from reminder.domain.edits import DocumentDraft, Edit
from reminder.domain.persons import AccountRole, Person
from reminder.domain.versions import Origin, Tell
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import publications
from reminder.office import drafts
from reminder.office.application import Application
from reminder.office.publishing import publish_files
from reminder.office.versions import open_office
from tests.daemon.trials import MARCH, Trial

UNITS, PLAN = "units.toml", "plan/plan.toml"
WANG = Person("wang", "王", AccountRole.APPROVE)
LI = Person("li", "李", AccountRole.APPROVE)


@pytest.fixture
def office(either: Trial) -> Trial:
    return either


@pytest.fixture
def app(office: Trial) -> Application:
    app = office.app(MARCH)
    publish_files(app, author="")
    return app


def text(app: Application, document: str, old: str, new: str) -> Edit:
    before = app.office.contents[document].decode()
    assert old in before
    return Edit(document, "text", {"text": before.replace(old, new)})


def draft_of(app: Application, who: Person) -> DocumentDraft | None:
    with app.database.read() as connection:
        return drafts.open_draft(connection, who.name)


def outcome(app: Application, draft: DocumentDraft) -> drafts.DraftOutcome:
    with app.database.read() as connection:
        return drafts.outcome(app, connection, draft)


def address(app: Application) -> str:
    return app.table.directory["related"].to[0]


def test_draft_changes_nothing_until_it_is_published(app: Application, office: Trial) -> None:
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "new@unit.test"))
    draft = draft_of(app, WANG)
    found = outcome(app, draft)
    assert list(found.changes) == [UNITS]
    assert found.office.table.directory["related"].to == ("new@unit.test",)
    assert address(app) == "related@unit.test"
    number = drafts.publish_draft(app, draft, WANG, note="换地址", tell=Tell.NOBODY)
    assert (number, address(app), draft_of(app, WANG)) == (2, "new@unit.test", None)
    assert office.config is not None
    assert "new@unit.test" in (office.config / UNITS).read_text("utf-8")
    with app.database.read() as connection:
        last = publications.read_publications(connection)[0]
    assert (last.author, last.approver, last.note) == ("王", "", "换地址")
    assert (last.origin, last.tell) == (Origin.CONSOLE, Tell.NOBODY)


def test_of_one_place_the_later_edit_counts(app: Application) -> None:
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "one@unit.test"))
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "two@unit.test"))
    drafts.add(app, LI, Edit(UNITS, "remove", {}))
    [edit] = draft_of(app, WANG).edits
    assert "two@unit.test" in edit.args["text"]
    drafts.drop(app, WANG, drafts.place_of_edit(edit))
    assert draft_of(app, WANG) is None
    assert draft_of(app, LI) is not None
    drafts.discard(app, LI)
    assert draft_of(app, LI) is None


def test_mistake_stands_beside_the_edit_that_made_it(app: Application) -> None:
    plan = app.office.contents[PLAN].decode()
    drafts.add(
        app,
        WANG,
        Edit(PLAN, "text", {"text": plan + "\n# nothing else\n"}),
        text(app, UNITS, 'relation = "own"', 'relation = "owned"'),
    )
    found = outcome(app, draft_of(app, WANG))
    assert {position: len(faults) for position, faults in found.faults.items()} == {1: 3}
    assert found.office is None
    with pytest.raises(DeclinedError) as refused:
        drafts.publish_draft(app, draft_of(app, WANG), WANG, note="", tell=Tell.NOW)
    assert refused.value.reason == "draft_has_mistakes"


def test_edit_that_fits_no_more_is_kept_and_said(app: Application) -> None:
    drafts.add(app, WANG, Edit("workdays/2031.toml", "remove", {}))
    found = outcome(app, draft_of(app, WANG))
    assert list(found.stale) == [0]
    assert not found.can_publish


@pytest.mark.parametrize(("kind", "args"), [("later", {}), ("text", {}), ("session", {"id": 1})])
def test_edit_of_another_release_can_be_dropped(
    app: Application, kind: str, args: dict[str, int]
) -> None:
    drafts.add(app, WANG, Edit(PLAN, kind, args))
    draft = draft_of(app, WANG)
    assert list(outcome(app, draft).stale) == [0]
    drafts.drop(app, WANG, drafts.place_of_edit(draft.edits[0]))
    assert draft_of(app, WANG) is None


def test_the_second_of_two_is_told_what_the_first_changed(app: Application) -> None:
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "wang@unit.test"))
    drafts.add(app, LI, text(app, PLAN, "\n[[month]]", "\n# by li\n[[month]]"))
    drafts.publish_draft(app, draft_of(app, WANG), WANG, note="", tell=Tell.NOW)
    mine = draft_of(app, LI)
    with app.database.read() as connection:
        [came] = drafts.came_since(connection, mine)
    assert (came.author, came.documents) == ("王", (UNITS,))
    drafts.publish_draft(app, mine, LI, note="", tell=Tell.NOW)
    assert address(app) == "wang@unit.test"
    assert b"# by li" in app.office.contents[PLAN]


def test_submitted_draft_is_published_by_another_or_comes_back(app: Application) -> None:
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "new@unit.test"))
    drafts.submit(app, WANG, "请审", Tell.DIGEST)
    assert draft_of(app, WANG) is None
    with app.database.read() as connection:
        [waiting] = drafts.submitted_drafts(connection)
    assert (waiting.author, waiting.note, waiting.tell) == ("王", "请审", Tell.DIGEST)
    drafts.add(app, WANG, text(app, PLAN, "\n[[month]]", "\n# more\n[[month]]"))
    drafts.take_up(app, waiting.id, "地址有误")
    back = draft_of(app, WANG)
    assert (back.answer, len(back.edits)) == ("地址有误", 2)
    with pytest.raises(UnknownError):
        drafts.take_up(app, waiting.id)
    drafts.submit(app, WANG, "", Tell.NOW)
    with app.database.read() as connection:
        [waiting] = drafts.submitted_drafts(connection)
    drafts.publish_draft(app, waiting, LI, note="", tell=Tell.NOW)
    with app.database.read() as connection:
        last = publications.read_publications(connection)[0]
        assert drafts.submitted_drafts(connection) == []
    assert (last.author, last.approver) == ("王", "李")


def test_draft_that_was_edited_while_it_was_looked_at_is_not_published(app: Application) -> None:
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "new@unit.test"))
    seen = draft_of(app, WANG)
    drafts.add(app, WANG, text(app, UNITS, "related@unit.test", "newer@unit.test"))
    with pytest.raises(DeclinedError, match="meanwhile"):
        drafts.publish_draft(app, seen, WANG, note="", tell=Tell.NOW)
    assert address(app) == "related@unit.test"


def test_table_of_the_next_year_stays_beside_the_one_file(
    app: Application, office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the settings name a file and no folder."""
    plan = app.office.contents[PLAN].decode()
    later = plan.replace("year = 2026", "year = 2027").replace('id = "2026-', 'id = "2027-')
    drafts.add(app, WANG, Edit("plan/plan_2027.toml", "text", {"text": later, "origin": "import"}))
    drafts.publish_draft(app, draft_of(app, WANG), WANG, note="", tell=Tell.NOW)
    assert [table.plan.year for table in app.tables] == [2026, 2027]
    assert publish_files(app, author="").number == 0
    assert [table.plan.year for table in app.tables] == [2026, 2027]
    assert office.plan_file.with_name("plan_2027.toml").exists()
    office.plan_file.with_name("plan_2027.toml").write_text(
        later.replace("一件事", "别的事"), "utf-8"
    )
    assert publish_files(app, author="").number == 3
    assert "别的事" in {task.title for task in app.tables[1].plan.tasks}
    monkeypatch.setenv("REMINDER_PLAN", str(office.plan_file))
    read = open_office(office.config, {"database_url": app.settings.database_url})
    assert len(read.tables) == 2


@pytest.mark.parametrize("name", ["../units.toml", "plan/../x", "plan/.x", "config/x", "plan/"])
def test_edit_is_of_a_document(name: str) -> None:
    with pytest.raises(ValueError, match="no document"):
        Edit(name, "text", {"text": ""})
