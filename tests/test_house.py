"""The size and shape of the product's code: limits that hold, and lists that may only shrink."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

PRODUCT = Path(__file__).parents[1] / "reminder"
LINES, MODULES = 25_400, 211
LINES_OF_A_MODULE = 350
LINES_OF_A_FUNCTION = {"median": 8, "p90": 25}
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# Where Chinese is read, it is named.
PARSERS: set[str] = {"reminder.documents.plan_file"}
# What has sentences of its own still, or asks the ledger itself. No name comes back.
SPEAKS: set[str] = {
    "reminder.domain.calls",
    "reminder.domain.content",
    "reminder.domain.digest",
    "reminder.domain.looks",
    "reminder.domain.outcomes",
    "reminder.domain.receipts",
    "reminder.domain.registrations",
    "reminder.domain.reminders",
    "reminder.domain.sections",
    "reminder.domain.wording",
    "reminder.domain.year",
    "reminder.mail.compose",
    "reminder.office.advice",
    "reminder.office.alerts",
    "reminder.office.approval",
    "reminder.office.export",
    "reminder.office.export_rows",
    "reminder.office.lights",
    "reminder.office.links",
    "reminder.office.meetings",
    "reminder.office.overview",
    "reminder.office.login",
    "reminder.office.previews",
    "reminder.office.registrations",
    "reminder.office.reports",
    "reminder.web.app",
    "reminder.web.console.answers",
    "reminder.web.console.approval",
    "reminder.web.console.export",
    "reminder.web.console.frame",
    "reminder.web.console.guard",
    "reminder.web.console.ledger",
    "reminder.web.console.letters",
    "reminder.web.console.links",
    "reminder.web.console.login",
    "reminder.web.console.meetings",
    "reminder.web.console.picture",
    "reminder.web.console.unit",
    "reminder.web.errors",
    "reminder.web.forms",
    "reminder.web.outbox",
    "reminder.web.site",
    "reminder.web.subscriptions",
    "reminder.web.timeline",
    "reminder.web.unit_page",
    "reminder.web.units",
}
ASKS_THE_LEDGER: set[str] = {
    "reminder.web.console.guard",
    "reminder.web.console.guessing",
    "reminder.web.console.ledger",
    "reminder.web.console.links",
    "reminder.web.console.login",
    "reminder.web.console.meetings",
    "reminder.web.console.month",
    "reminder.web.console.unit",
    "reminder.web.cookies",
    "reminder.web.door",
    "reminder.web.feeds",
    "reminder.web.polls",
    "reminder.web.site",
    "reminder.web.subscriptions",
    "reminder.web.unit_link",
    "reminder.web.unit_mails",
    "reminder.web.unit_page",
    "reminder.web.units",
    "reminder.web.uses",
}
TOO_LONG: set[str] = {
    "reminder.ledger.deliveries",
    "reminder.ledger.notices",
    "reminder.ledger.registrations",
}
CIRCLES = {("reminder.mail.drain", "reminder.mail.sending")}
TWICE: set[str] = {
    "Answer",
    "Connection",
    "Entry",
    "Kept",
    "Line",
    "Listed",
    "Reader",
    "Section",
    "Server",
    "Sheet",
}


@cache
def modules() -> dict[str, ast.Module]:
    """By dotted name."""
    return {dotted(path): ast.parse(path.read_text("utf-8")) for path in PRODUCT.rglob("*.py")}


def dotted(path: Path) -> str:
    name = ".".join(path.relative_to(PRODUCT.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


@cache
def lengths() -> dict[str, int]:
    return {dotted(p): len(p.read_text("utf-8").splitlines()) for p in PRODUCT.rglob("*.py")}


@cache
def imports() -> dict[str, set[str]]:
    """Modules of the product by who imports them, for types alone or within a function too."""
    return {name: set(imported(tree)) - {name} for name, tree in modules().items()}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                name = name if name in modules() else node.module
                if name in modules():
                    yield name


def test_the_product_is_small() -> None:
    assert sum(lengths().values()) <= LINES
    assert len(lengths()) <= MODULES


def test_a_module_can_be_read_at_a_sitting() -> None:
    assert {name for name, n in lengths().items() if n > LINES_OF_A_MODULE} == TOO_LONG


def test_functions_can_be_seen_whole() -> None:
    found = [
        node.end_lineno - node.lineno + 1
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]
    assert median(found) < LINES_OF_A_FUNCTION["median"]
    assert quantiles(found, n=10)[-1] < LINES_OF_A_FUNCTION["p90"]


def test_no_public_class_name_stands_in_two_modules() -> None:
    places = defaultdict[str, set[str]](set)
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(name)
    assert {name for name, where in places.items() if len(where) > 1} == TWICE


def test_no_modules_import_each_other() -> None:
    """Not for types either."""
    graph = {
        name: {other for other in others if (name, other) not in CIRCLES}
        for name, others in imports().items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_pages_and_commands_do_not_ask_the_ledger_themselves() -> None:
    asking = {
        name
        for name, others in imports().items()
        if name.startswith(("reminder.web", "reminder.cli"))
        and any(other.startswith("reminder.ledger") for other in others)
    }
    assert asking == ASKS_THE_LEDGER


def test_sentences_stand_in_templates() -> None:
    speaking = {name for name, tree in modules().items() if any(map(CJK.search, literals(tree)))}
    assert speaking - PARSERS == SPEAKS
    assert speaking >= PARSERS


def literals(tree: ast.Module) -> Iterator[str]:
    """Strings of the code, docstrings excepted."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value
