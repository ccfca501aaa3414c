"""The house's lints: the tree is clean, and each lint is seen to fail on a file made to break it."""

from pathlib import Path

import pytest

from tests.lints import LINTS, LONGEST_MODULE, Tree

ROOT = Path(__file__).resolve().parent.parent

# Lint, file, what breaks the rule, and the nearest thing that keeps it.
PROVOKED = [
    ("bulk_update", "orders/services.py", "Line.objects.bulk_update(lines, ['x'])", "bulk.update(lines, ['x'])"),
    ("status_written_past_its_graph", "orders/services.py", "o.update(status='OPEN')", "o.update(note='status')"),
    ("status_written_past_its_graph", "orders/services.py", "setattr(o, 'status', 'X')", "setattr(o, 'note', 'X')"),
    (
        "status_written_past_its_graph",
        "tests/factories/orders.py",
        "o.update(status='X')",
        "confirm_orders(order_ids=[1])",
    ),
    ("refresh_from_db", "orders/services.py", "order.refresh_from_db()", "Order.objects.locked().get(pk=1)"),
    ("on_commit", "orders/services.py", "transaction.on_commit(send)", "jobs.defer('orders.send')"),
    (
        "on_commit",
        "orders/tasks.py",
        "from django.db.transaction import on_commit",
        "from django.db.transaction import atomic",
    ),
    ("other_locks", "orders/queries.py", "Order.objects.select_for_update()", "Order.objects.locked()"),
    ("other_locks", "orders/sql.py", "X = 'SELECT 1 FROM t FOR UPDATE'", "X = 'SELECT 1 FROM t FOR NO KEY UPDATE'"),
    ("other_locks", "billing/sql.py", "X = 'SELECT 1 FROM t FOR SHARE'", "X = 'SELECT 1 FROM t'"),
    ("other_locks", "orders/services.py", "X = 'SELECT 1 FROM t FOR NO KEY UPDATE'", "X = 'SELECT 1 FROM t'"),
    ("state_of_the_connection", "orders/sql.py", "X = 'SET lock_timeout = 1'", "X = 'SET LOCAL lock_timeout = 1'"),
    ("state_of_the_connection", "orders/sql.py", "X = f'{a}; SET x TO 1'", "X = f'UPDATE {t} SET x = 1'"),
    ("state_of_the_connection", "orders/sql.py", "X = 'SELECT pg_advisory_lock(1)'", "X = 'SELECT pg_backend_pid()'"),
    (
        "state_of_the_connection",
        "orders/sql.py",
        "X = 'SELECT 1 FROM public.t'",
        "X = 'SELECT public.t FROM t AS public'",
    ),
    (
        "unscoped_objects",
        "orders/views.py",
        "x = Order.objects.filter(pk=1)",
        "x = Order.objects.for_user(user).filter(pk=1)",
    ),
    ("unscoped_objects", "orders/api.py", "x = Order.objects.all().for_user(u)", "x = queries.orders_for(u)"),
    (
        "unscoped_objects",
        "orders/views/desk.py",
        "x = get_object_or_404(Order, pk=1)",
        "x = get_object_or_404(queries.of(u), pk=1)",
    ),
    ("unscoped_objects", "orders/forms.py", "q = Product.objects.all()", "q = Product.objects.none()"),
    (
        "unscoped_objects",
        "orders/forms.py",
        "q = Unit.objects.filter(pk=1)",
        "q = Unit.objects.filter(company_id=1, pk=1)",
    ),
    ("clock_read", "orders/services/confirming.py", "at = timezone.now()", "at = order.at"),
    ("clock_read", "orders/queries.py", "today = datetime.date.today()", "today = at.date()"),
    ("clock_read", "orders/models.py", "at = DateTimeField(auto_now_add=True)", "at = DateTimeField(db_default=Now())"),
    ("clock_read", "orders/models.py", "at = DateTimeField(default=timezone.now)", "at = DateTimeField(null=True)"),
    (
        "clock_read",
        "core/numbering.py",
        "from django.utils.timezone import now",
        "from django.utils.timezone import utc",
    ),
    ("clock_read", "orders/sql.py", "X = 'SELECT now()'", "X = 'SELECT known()'"),
    ("somebody_else_s_day", "orders/views/order.py", "at = timezone.now()", "at = moment(request)"),
    (
        "somebody_else_s_day",
        "orders/filters.py",
        "today = timezone.localdate()",
        "day = timezone.localdate(row.shipped_at)",
    ),
    ("floats", "core/money.py", "RATE = 0.2", "RATE = Decimal('0.2')"),
    ("floats", "orders/services.py", "x = float(price)", "x = Decimal(price)"),
    ("floats", "orders/models.py", "price = models.FloatField()", "price = models.DecimalField()"),
    ("silent_under_the_policy", "templates/orders/queue.html", '<p style="color: red">', '<p data-style="red">'),
    (
        "silent_under_the_policy",
        "templates/orders/queue.html",
        "<style>p {}</style>",
        '<link rel="stylesheet" href="a.css">',
    ),
    ("silent_under_the_policy", "templates/base.html", "<script>go()</script>", '<script src="go.js" defer></script>'),
    (
        "silent_under_the_policy",
        "templates/base.html",
        '<p hx-trigger="keyup[ctrlKey]">',
        '<p hx-trigger="keyup delay:1s">',
    ),
    ("silent_under_the_policy", "templates/base.html", '<p hx-on:click="go()">', '<p hx-post="/orders/1/confirm/">'),
    ("silent_under_the_policy", "templates/base.html", '<p onclick="go()">', '<p data-action="go">'),
    (
        "silent_under_the_policy",
        "templates/base.html",
        "<p hx-vals='js:{a: b()}'>",
        '<p hx-vals=\'{"a": 1}\' src="a.js">',
    ),
    ("silent_under_the_policy", "templates/base.html", '<a href="javascript:go()">', '<a href="/orders/">'),
    ("silent_under_the_policy", "orders/forms.py", "attrs = {'style': 'x'}", "attrs = {'class': 'x'}"),
    ("silent_under_the_policy", "orders/tables.py", "x = f'<p style=\"{a}\">'", "x = f'<p class=\"{a}\">'"),
    ("marked_safe", "templates/base.html", "{{ note|safe }}", "{{ note|safer }}"),
    ("marked_safe", "templates/base.html", "{% autoescape off %}", "{% autoescape on %}"),
    ("marked_safe", "orders/tables.py", "x = mark_safe(note)", "x = format_html('{}', note)"),
    (
        "marked_safe",
        "orders/tables.py",
        "x = SafeString(note)",
        "def f() -> SafeString:\n    return format_html('{}', 1)",
    ),
    ("late_imports", "orders/services.py", "def f():\n    import json", "import json"),
    ("late_imports", "orders/models.py", "def ready():\n    import json", "import json"),
    ("vague_names", "orders/utils.py", "X = 1", None),
    ("vague_names", "orders/common/lines.py", "X = 1", None),
    ("long_modules", "orders/models.py", "X = 1\n" * (LONGEST_MODULE + 1), "X = 1\n" * LONGEST_MODULE),
    ("faces_of_services", "orders/services.py", "def f(a):\n    '''Do.'''", "def f(*, a):\n    '''Do.'''"),
    ("faces_of_services", "orders/services.py", "def f(*, a):\n    pass", "def _f(a):\n    pass"),
    (
        "events_that_know_more",
        "orders/events.py",
        "from orders.models import Order",
        "from django.dispatch import Signal",
    ),
    ("busy_handlers", "orders/handlers.py", "def f(e):\n    x = e.ids\n    s.note(x)", "def f(e):\n    s.note(e.ids)"),
    ("printers", "billing/services.py", "import weasyprint", "from billing import models"),
    ("this_machine", "Makefile", "cd /work" + "/main", "cd work/main"),
    ("this_machine", "README.md", "see .." + "/shared/data", "see shared/data"),
    ("this_machine", "requirements.txt", "--index" + "-url x", "django==5.2"),
    ("this_machine", "package-lock.json", "https://registry" + ".npmjs.org/x", "https://example.com/x"),
]


def broken(root: Path, name: str, path: str, text: str) -> list[str]:
    """Put one file into an empty tree and return what the lint finds there."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return list(LINTS[name](Tree(root)))


@pytest.fixture(scope="module")
def checkout() -> Tree:
    return Tree(ROOT)


@pytest.mark.parametrize("name", LINTS)
def test_the_tree_is_clean(name, checkout):
    assert "\n".join(LINTS[name](checkout)) == ""


@pytest.mark.parametrize(("name", "path", "bad", "good"), PROVOKED)
class TestProvoked:
    def test_finds_what_breaks_the_rule(self, tmp_path, name, path, bad, good):
        found = broken(tmp_path, name, path, bad)
        assert found
        assert all(line.startswith(f"{path}:") for line in found)

    def test_leaves_its_neighbor_alone(self, tmp_path, name, path, bad, good):
        if good is not None:
            assert broken(tmp_path, name, path, good) == []


def test_every_lint_is_provoked():
    assert {name for name, *_ in PROVOKED} == set(LINTS)


class TestWhereLintsLook:
    def test_ready_may_import(self, tmp_path):
        assert (
            broken(tmp_path, "late_imports", "orders/apps.py", "class A:\n    def ready(self):\n        import json")
            == []
        )

    def test_a_services_package_answers_for_what_it_exports(self, tmp_path):
        (tmp_path / "orders/services").mkdir(parents=True)
        (tmp_path / "orders/services/__init__.py").write_text("from orders.services.holding import hold_orders")
        text = "def hold_orders(ids):\n    '''Hold.'''\n\n\ndef sort_lines(lines):\n    '''Sort.'''"
        found = broken(tmp_path, "faces_of_services", "orders/services/holding.py", text)
        assert [line.split(":")[:2] for line in found] == [["orders/services/holding.py", "1"]]

    def test_docstrings_are_not_statements(self, tmp_path):
        assert broken(tmp_path, "other_locks", "orders/queries.py", '"""Never FOR UPDATE."""') == []

    def test_printed_documents_have_no_policy(self, tmp_path):
        path = "templates/billing/documents/invoice.html"
        assert broken(tmp_path, "silent_under_the_policy", path, '<p style="color: red">') == []

    @pytest.mark.parametrize(
        "path", ["config/dev/run.py", "tests/orders/test_x.py", "orders/migrations/0001_initial.py"]
    )
    def test_what_is_not_product_may(self, tmp_path, path):
        assert broken(tmp_path, "refresh_from_db", path, "row.refresh_from_db()") == []

    def test_what_is_not_committed_is_not_read(self, tmp_path):
        assert broken(tmp_path, "this_machine", "node_modules/x/README.md", "--index" + "-url x") == []
