"""The size and shape of the product's code. The limits may only be lowered."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

PRODUCT = Path(__file__).parents[1] / "reminder"
LINES, MODULES = 51_000, 335
LINES_OF_A_MODULE = 350
LINES_OF_A_FUNCTION = {"median": 8, "p90": 25}
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# Where Chinese is read: dates and tables that people type, automatic replies, words of a weak
# password; numbers as Word and Excel show them.
PARSERS = {
    "reminder.mail.replies",
    "reminder.domain.replies",
    "reminder.documents.holiday_notice",
    "reminder.documents.liaison_cells",
    "reminder.documents.plan_import.building",
    "reminder.documents.plan_import.headings",
    "reminder.documents.plan_import.importing",
    "reminder.documents.plan_import.outline",
    "reminder.documents.plan_import.rows",
    "reminder.documents.plan_import.task_times",
    "reminder.documents.plan_import.times",
    "reminder.documents.plan_import.titles",
    "reminder.documents.plan_import.unit_names",
    "reminder.documents.plan_import.wording_cells",
    "reminder.documents.plan_tables",
    "reminder.documents.tables.number_formats",
    "reminder.documents.tables.numerals",
    "reminder.documents.tables.text",
    "reminder.documents.tables.word_text",
    "reminder.documents.units_list",
    "reminder.domain.revision",
    "reminder.domain.when",
    "reminder.domain.wordings",
    "reminder.mail.letters",
    "reminder.office.passwords",
    "reminder.web.console.unit_forms",
    "reminder.web.forms",
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
    assert {name: n for name, n in lengths().items() if n > LINES_OF_A_MODULE} == {}


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
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_modules_import_each_other() -> None:
    """Not for types either."""
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


LEVELS = {"debug", "info", "warning", "error", "exception", "log"}


def test_each_log_line_has_an_event() -> None:
    """By `extra`; of a library's lines the formatter says so."""
    without = {
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"log", "logging"}
        and "extra" not in {given.arg for given in node.keywords}
    }
    assert without == set()


def test_pages_and_commands_do_not_ask_the_ledger_themselves() -> None:
    asking = {
        name
        for name, others in imports().items()
        if name.startswith(("reminder.web", "reminder.cli"))
        and any(other.startswith("reminder.ledger") for other in others)
    }
    assert asking == set()


def test_sentences_stand_in_templates() -> None:
    speaking = {name for name, tree in modules().items() if any(map(CJK.search, literals(tree)))}
    assert speaking == PARSERS


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
