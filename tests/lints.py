"""House rules that a machine can read off the source, each a function from a source tree to the places that break it.

A lint takes a Tree, so that its test can provoke it on a file made for that. What ruff or the import contracts in
pyproject.toml already hold is not repeated here.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

APPS = ("portal", "dashboards", "returns", "billing", "shipping", "warehouse", "orders", "inventory", "core")
# What lies in a working copy without being committed.
NOT_OURS = {".git", ".venv", "node_modules", "var", "staticfiles", "__pycache__"} | {
    f".{tool}" for tool in ("mypy_cache", "ruff_cache", "pytest_cache", "import_linter_cache", "hypothesis")
}
# Files that may mark text as safe HTML, each with its reason beside it. None so far: format_html does what we need.
MAY_MARK_SAFE: frozenset[str] = frozenset()
LONGEST_MODULE = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "managers", "signals", "exceptions", "constants"}
RULES = ("services", "queries", "sql", "models")
# The kernel's modules that count, number, lock and write: they are as strict as services.
KERNEL = {f"core/{name}.py" for name in ("bulk", "idempotency", "money", "numbering", "quantities", "transitions")}
# The kernel's own writing of many rows locks them in the statement that adds to them.
MAY_LOCK = {"core/locking.py", "core/bulk.py", "core/reading.py"}
# A statement, and the trigger that keeps retired bins empty: docs/adr/0006
MAY_SHARE = {"orders/sql.py", "inventory/models/stock.py"}


@dataclass(frozen=True)
class Source:
    """One text file of the tree."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text, str(self.path))

    @property
    def role(self) -> str:
        """What the module is inside its app: `services` for orders/services.py and orders/services/confirming.py."""
        return self.path.parts[1].removesuffix(".py") if len(self.path.parts) > 1 else ""

    @cached_property
    def texts(self) -> list[tuple[int, str]]:
        """Every string in the code with its line, f-strings with {} for their values, docstrings left out."""
        inside = {
            id(part) for node in ast.walk(self.tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
        } | {
            id(node.value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
                found.append((node.lineno, "".join(map(str, parts))))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                found.append((node.lineno, node.value))
        return found

    def at(self, line: int, sentence: str) -> str:
        """Say what is wrong where."""
        return f"{self.path}:{line}: {sentence}"

    def matches(self, pattern: str) -> Iterator[tuple[int, str]]:
        """Find a pattern in the raw text: the line and what was found."""
        for match in re.finditer(pattern, self.text, re.IGNORECASE):
            yield self.text.count("\n", 0, match.start()) + 1, match[0].strip()


class Tree:
    """The files of a checkout, read once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def everything(self) -> list[Source]:
        """Every text file that may be committed."""
        sources = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(set(folders) - NOT_OURS)
            for file in (Path(folder, name) for name in sorted(names)):
                try:
                    text = file.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue
                sources.append(Source(PurePosixPath(file.relative_to(self.root).as_posix()), text))
        return sources

    @cached_property
    def product(self) -> list[Source]:
        """The modules that run: the apps and config; neither migrations nor the developer's machinery nor tests."""
        return [
            source
            for source in self.everything
            if source.path.suffix == ".py"
            and source.path.parts[0] in (*APPS, "config")
            and "migrations" not in source.path.parts
            and source.path.parts[:2] != ("config", "dev")
        ]

    def having_role(self, *roles: str) -> list[Source]:
        """The product's modules of some roles."""
        return [source for source in self.product if source.role in roles]

    @cached_property
    def rules(self) -> list[Source]:
        """The modules that decide: services, queries, statements and models of every app, and the kernel's writers."""
        return [source for source in self.product if source.role in RULES or str(source.path) in KERNEL]

    @cached_property
    def screens(self) -> list[Source]:
        """The templates a browser gets; what is printed as PDF knows no content security policy."""
        return [
            source
            for source in self.everything
            if source.path.suffix == ".html"
            and "templates" in source.path.parts
            and "documents" not in source.path.parts
        ]


Lint = Callable[[Tree], Iterator[str]]
LINTS: dict[str, Lint] = {}


def lint(function: Lint) -> Lint:
    """Enter a lint in the list that the tests run over."""
    LINTS[function.__name__] = function
    return function


def _named(source: Source, *names: str) -> Iterator[tuple[int, str]]:
    """Find uses and imports of a name, bare or as an attribute."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name) if name in names:
                yield node.lineno, name


# --- Writing ---


@lint
def bulk_update(tree: Tree) -> Iterator[str]:
    """Many rows are written by core.bulk: Django's own way costs seventy times the Python."""
    for source in tree.product:
        for line, _ in _named(source, "bulk_update"):
            yield source.at(line, "bulk_update is banned, use core.bulk")


@lint
def status_written_past_its_graph(tree: Tree) -> Iterator[str]:
    """A status changes by its transition: an update or a new value in a factory goes round graph, guards and events."""
    factories = [source for source in tree.everything if source.path.parts[:2] == ("tests", "factories")]
    for source in [*tree.product, *factories]:
        for node in ast.walk(source.tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="update" | "update_or_create"), keywords=keywords) if any(
                    keyword.arg == "status" for keyword in keywords
                ):
                    yield source.at(node.lineno, "status is set past its graph: use core.transitions.apply")
                case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="status"), *_]):
                    yield source.at(node.lineno, "status is set past its graph: use core.transitions.apply")


@lint
def refresh_from_db(tree: Tree) -> Iterator[str]:
    """A row is read again by .locked().get(): with a protected status, a refresh is not safe among threads."""
    for source in tree.product:
        for line, name in _named(source, "refresh_from_db", "arefresh_from_db"):
            yield source.at(line, f"{name} is banned, read again with .locked().get()")


@lint
def on_commit(tree: Tree) -> Iterator[str]:
    """Work that must not be lost is a job deferred in the transaction."""
    for source in tree.product:
        for line, _ in _named(source, "on_commit"):
            yield source.at(line, "on_commit loses work when the process dies: defer a job inside the transaction")


@lint
def other_locks(tree: Tree) -> Iterator[str]:
    """There is one kind of row lock, and it is taken by .locked() or by a statement in sql.py."""
    for source in tree.product:
        if str(source.path) in MAY_LOCK:
            continue
        for line, name in _named(source, "select_for_update"):
            yield source.at(line, f"{name} outside core/locking.py: use .locked()")
        for line, text in source.texts:
            if re.search(r"\bFOR\s+(UPDATE|KEY\s+SHARE)\b", text) or re.search(r"\bLOCK\s+TABLE\b", text):
                yield source.at(line, "a lock that stops inserts of children: FOR NO KEY UPDATE is the one kind")
            elif re.search(r"\bFOR\s+SHARE\b", text) and str(source.path) not in MAY_SHARE:
                yield source.at(line, "a share lock: ADR 0006 has the one that there is")
            elif re.search(r"\bFOR\s+NO\s+KEY\s+UPDATE\b", text) and source.role != "sql":
                yield source.at(line, "a lock outside core/locking.py and sql.py: use .locked()")


@lint
def state_of_the_connection(tree: Tree) -> Iterator[str]:
    """Behind a pooler the next transaction may run on another connection, and no SQL names a schema."""
    session = (
        r"(?:\A|;)\s*SET\s+(?!LOCAL\b|CONSTRAINTS\b|TRANSACTION\b)\w|\bset_config\s*\([^)]*,\s*false\s*\)|\bLISTEN\s+\w"
    )
    for source in tree.product:
        for line, text in source.texts:
            if re.search(session, text) or re.search(r"\bpg_(try_)?advisory_", text):
                yield source.at(
                    line, "session-level state is lost behind PgBouncer, and rows are locked by .locked() only"
                )
            if re.search(r"\b(FROM|JOIN|INTO|UPDATE|TABLE)\s+\"?public\"?\.", text):
                yield source.at(line, "SQL names no schema: a company may have its own")


# --- Reading ---


@lint
def unscoped_objects(tree: Tree) -> Iterator[str]:
    """What a person sees is read through for_user(user), within one company passed in, or by queries."""
    managers = ("objects", "_default_manager", "_base_manager")
    for source in tree.having_role("views", "api", "forms", "filters", "tables"):
        scoped = {
            id(node.func.value)
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and (
                node.func.attr in ("for_user", "none")
                or (node.func.attr == "filter" and any(word.arg in ("company", "company_id") for word in node.keywords))
            )
        }
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in managers and id(node) not in scoped:
                yield source.at(node.lineno, f".{node.attr} without .for_user(user) shows other companies' rows")
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("get_object_or_404", "get_list_or_404")
            ):
                first = ast.unparse(node.args[0]) if node.args else ""
                if first[:1].isupper() and "(" not in first:
                    yield source.at(node.lineno, f"{first} is read without .for_user(user)")


@lint
def clock_read(tree: Tree) -> Iterator[str]:
    """Time is passed in: one moment for a whole verb, and tests need no frozen clock."""
    sentence = "the clock is read here: take `at` from the caller"
    clocks = {"datetime", "timezone", "date"}
    readers = {"now", "utcnow", "today", "localdate", "localtime"}
    for source in tree.rules:
        for node in ast.walk(source.tree):
            match node:
                case ast.Attribute(attr=attr, value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
                    if attr in readers and owner in clocks:
                        yield source.at(node.lineno, sentence)
                case ast.ImportFrom(module="django.utils.timezone" | "time", names=names):
                    if any(alias.name in readers | {"time"} for alias in names):
                        yield source.at(node.lineno, sentence)
                case ast.keyword(arg="auto_now" | "auto_now_add" as arg):
                    yield source.at(node.value.lineno, f"{arg} reads the clock: pass the time in, or db_default=Now()")
                case ast.Call(func=ast.Name(id="Now")) if source.role != "models":
                    yield source.at(node.lineno, sentence)
        if source.role != "models":
            for line, text in source.texts:
                if re.search(r"\b(now\(\)|current_timestamp|current_date|clock_timestamp)", text, re.IGNORECASE):
                    yield source.at(line, sentence)


@lint
def somebody_else_s_day(tree: Tree) -> Iterator[str]:
    """A page's moment is on the company's clock: its date is the day that services go by."""
    for source in tree.having_role("views", "filters", "admin"):
        if source.path.parts[0] != "core":
            for node in ast.walk(source.tree):
                match node:
                    case ast.Call(
                        func=ast.Attribute(attr="now" | "localdate", value=ast.Name(id="timezone")),
                        args=[],
                        keywords=[],
                    ):
                        yield source.at(node.lineno, "this is not the company's day: use core.pages.moment or today_of")


@lint
def floats(tree: Tree) -> Iterator[str]:
    """Money and quantities are Decimal or whole numbers of a unit's step; a float is neither."""
    for source in {*tree.rules, *tree.having_role("audit", "order_file")}:
        for node in ast.walk(source.tree):
            match node:
                case ast.Constant(value=float() as value):
                    yield source.at(node.lineno, f"the float {value}: money and quantities are Decimal")
                case ast.Name(id="float") | ast.Attribute(attr="FloatField") | ast.alias(name="FloatField"):
                    yield source.at(node.lineno, "a float: money and quantities are Decimal")


# --- Screens ---


@lint
def silent_under_the_policy(tree: Tree) -> Iterator[str]:
    """A strict content security policy drops these without a word, so that a page looks right only to its author."""
    banned = {
        r"(?<![\w-])style\s*=\s*[\"'{]": "a style attribute: use a class, <progress> or SVG attributes",
        r"<style\b": "a style element: write it in a style sheet",
        r"<script\b(?![^>]*\bsrc\s*=)": "an inline script: put it in static/ and load it by src",
        r"hx-trigger\s*=\s*(\"[^\"]*\[|'[^']*\[)": "an htmx trigger filter is evaluated as code",
        r"(?<![\w-])(data-)?hx-on[\w:-]*\s*=": "hx-on is evaluated as code",
        r"(?<![\w-])on[a-z]+\s*=\s*[\"']": "an inline event handler: listen in a script",
        r"[\"'{\s]j(?:ava)?s(?:cript)?:\s*[\w({\[]": "js: values are evaluated as code",
    }
    for source in tree.screens:
        for pattern, sentence in banned.items():
            for line, found in source.matches(pattern):
                yield source.at(line, f"{found} … {sentence}")
    for source in tree.product:
        for line, text in source.texts:
            if re.search(r"<\w[^>]*\sstyle\s*=", text):
                yield source.at(line, "a style attribute in HTML made by Python")
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Dict):
                continue
            for key in node.keys:
                if isinstance(key, ast.Constant) and re.fullmatch(
                    r"style|hx-on.*|on(click|change|submit|input)", str(key.value)
                ):
                    yield source.at(key.lineno, f"a widget with {key.value}, which the policy drops")


@lint
def marked_safe(tree: Tree) -> Iterator[str]:
    """HTML is made by templates and format_html, which escape."""
    for source in tree.everything:
        if source.path.suffix == ".html":
            for line, found in source.matches(r"\|\s*safe(seq)?\b|\{%\s*autoescape\s+off"):
                yield source.at(line, f"{found} lets text through as HTML")
    for source in tree.product:
        if str(source.path) in MAY_MARK_SAFE:
            continue
        made = [
            (node.lineno, ast.unparse(node.func).split(".")[-1])
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call)
        ]
        marked = [(line, name) for line, name in made if name in ("SafeString", "SafeText")]
        for line, name in (*marked, *_named(source, "mark_safe")):
            yield source.at(line, f"{name}: use format_html, or enter the file in MAY_MARK_SAFE with its reason")


# --- Shape ---


@lint
def late_imports(tree: Tree) -> Iterator[str]:
    """An import inside a function hides a dependency; only ready() must wait."""
    for source in tree.product:
        for function in ast.walk(source.tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if function.name == "ready" and source.path.name == "apps.py":
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield source.at(node.lineno, f"an import inside {function.name}()")


@lint
def vague_names(tree: Tree) -> Iterator[str]:
    """A module is named for what it answers for; things that happen to help have no such name."""
    for source in tree.product:
        for part in source.path.parts[1:]:
            if part.removesuffix(".py") in VAGUE_NAMES:
                yield source.at(1, f"{part} says nothing: name the module for what it answers for")


@lint
def long_modules(tree: Tree) -> Iterator[str]:
    """A module that grows past its limit becomes a package, one module per aggregate."""
    for source in tree.product:
        lines = source.text.count("\n")
        if lines > LONGEST_MODULE:
            yield source.at(lines, f"{lines} lines, more than {LONGEST_MODULE}: make it a package")


@lint
def faces_of_services(tree: Tree) -> Iterator[str]:
    """Every public service takes keywords only and says what it does."""
    services = {source.path: source for source in tree.having_role("services")}
    for path, source in services.items():
        if path.name == "services.py":
            public = [node for node in source.tree.body if getattr(node, "name", "_")[0] != "_"]
        else:
            face = services.get(path.parent / "__init__.py")
            exported = {
                alias.name
                for node in (face.tree.body if face and face is not source else ())
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1] == path.stem
                for alias in node.names
            }
            public = [node for node in source.tree.body if getattr(node, "name", "") in exported]
        for node in public:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.args.posonlyargs or node.args.args or node.args.vararg:
                yield source.at(node.lineno, f"{node.name}() takes positional arguments: a service takes keywords only")
            if not ast.get_docstring(node):
                yield source.at(node.lineno, f"{node.name}() has no docstring")


@lint
def events_that_know_more(tree: Tree) -> Iterator[str]:
    """An event is a frozen dataclass of plain values and a Signal, so that every floor above may import it."""
    allowed = {
        "__future__",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "django.dispatch",
        "enum",
        "typing",
        "uuid",
    }
    for source in tree.having_role("events"):
        for node in ast.walk(source.tree):
            modules = [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                if module not in allowed and module.split(".")[0] not in allowed - {"django.dispatch"}:
                    yield source.at(node.lineno, f"{module} in events: the standard library and django.dispatch only")


@lint
def busy_handlers(tree: Tree) -> Iterator[str]:
    """A reaction to a fact is one call to the app's own service; the rule lives there."""
    for source in tree.having_role("handlers"):
        for node in source.tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name == "connect":
                continue
            body = node.body[1:] if ast.get_docstring(node) else node.body
            one_call = len(body) == 1 and isinstance(getattr(body[0], "value", None), ast.Call)
            if not one_call:
                yield source.at(node.lineno, f"{node.name}() is more than one call to a service of its own app")


@lint
def printers(tree: Tree) -> Iterator[str]:
    """Paper is made in documents.py; nothing else loads the printing library."""
    for source in tree.product:
        for node in ast.walk(source.tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.split(".")[0] == "weasyprint" for name in names) and source.role != "documents":
                yield source.at(node.lineno, "weasyprint outside documents.py")


def deferred_names(tree: Tree) -> list[str]:
    """The names by which the product defers jobs; a test compares them with the tasks there are."""
    return sorted(
        node.args[0].value
        for source in tree.product
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and re.fullmatch(r"(\w*jobs\.)?defer", ast.unparse(node.func))
        and node.args
        and isinstance(node.args[0], ast.Constant)
    )


# --- What is committed ---


@lint
def this_machine(tree: Tree) -> Iterator[str]:
    """A checkout runs anywhere: nothing in it names a folder of one machine or an address to download from."""
    banned = {
        r"(?<![\w.-])/(?:work/(?:main|shared)|(?:home|Users|root)/\w+|opt/(?:pypi|wheels))\b": "a path of one machine",
        r"\.\./shared\b": "a path outside the checkout",
        r"https?://[^\s\"'<>]*(?:pypi|pythonhosted|npmjs|yarnpkg|artifactory|registry\.)": "a registry's address",
        r"--(?:extra-)?(?:index-url|find-links)\b|\"resolved\":\s*\"http": "a download address",
    }
    for source in tree.everything:
        proves_it = source.path.parts[0] == "tests"  # the files' own test names what it looks for
        for pattern, sentence in banned.items():
            for line, found in source.matches(pattern):
                if not (proves_it and found.startswith("--")):
                    yield source.at(line, f"{found} … {sentence}")
