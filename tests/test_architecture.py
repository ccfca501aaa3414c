"""The floors over keys, migrations, states and imports: the house keeps them, and each check fails when provoked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps.registry import Apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import migrations, models
from django.db.models.signals import post_save
from django_fsm import FSMField, FSMModelMixin, transition
from procrastinate.contrib.django import app as jobs

from core.ledger import append_only
from core.locking import LOCK_ORDER
from core.transitions import Graph
from tests import architecture
from tests.lints import APPS, Tree, deferred_names

ROOT = Path(__file__).resolve().parent.parent
# In the lock order by plan; their issues have not come yet.
ANNOUNCED = {"inventory_transferline", "orders_creditaccount"}


class TestTheHouse:
    @pytest.mark.parametrize(
        "check",
        [
            architecture.keys_pointing_up,
            architecture.reverse_accessors_across_apps,
            architecture.models_without_docstring,
            architecture.generic_keys,
            architecture.cascades,
            architecture.company_not_first,
            architecture.constraints_without_table,
            architecture.unguarded_states,
        ],
    )
    def test_its_models_keep_the_rule(self, check):
        assert "\n".join(check(architecture.own_models())) == ""

    @pytest.mark.parametrize(
        "check",
        [
            architecture.migrations_pointing_up,
            architecture.apps_with_many_leaves,
            architecture.migrations_named_by_machine,
            architecture.migrations_without_way_back,
        ],
    )
    def test_its_migrations_keep_the_rule(self, check):
        assert "\n".join(check(architecture.own_migrations())) == ""

    def test_no_rule_hangs_on_a_signal(self):
        assert architecture.receivers_of_ours() == []

    def test_jobs_are_deferred_by_names_that_exist(self):
        names = deferred_names(Tree(ROOT))
        assert "\n".join(architecture.unknown_jobs(names, jobs.tasks)) == ""

    def test_the_lock_order_names_tables(self):
        order = [table for table in LOCK_ORDER if table not in ANNOUNCED]
        assert "\n".join(architecture.unknown_tables_in_lock_order(order, architecture.own_models())) == ""


def made(name, app, registry, bases=(models.Model,), meta=None, **fields):
    """Make a model for one test, in an app registry of its own."""
    options = type("Meta", (), {"app_label": app, "apps": registry, **(meta or {})})
    return type(name, bases, {"__module__": __name__, "Meta": options, **fields})


@pytest.fixture
def registry():
    return Apps()


@pytest.fixture
def company(registry):
    return made("Company", "core", registry)


def key(target, on_delete=models.PROTECT, related_name="+"):
    return models.ForeignKey(target, on_delete=on_delete, related_name=related_name)


class TestKeysPointingUp:
    def test_finds_a_key_by_name_to_a_higher_floor(self, registry):
        made("PickTask", "warehouse", registry)
        order = made("SalesOrder", "orders", registry, task=key("warehouse.PickTask"))
        assert len(architecture.keys_pointing_up([order])) == 1

    def test_finds_many_to_many_keys_too(self, registry):
        wave = made("Wave", "warehouse", registry)
        order = made("SalesOrder", "orders", registry, waves=models.ManyToManyField(wave, related_name="+"))
        assert len(architecture.keys_pointing_up([order])) == 1

    def test_leaves_keys_down_alone(self, registry):
        order = made("SalesOrder", "orders", registry)
        assert architecture.keys_pointing_up([made("Task", "warehouse", registry, order=key(order))]) == []


class TestReverseAccessorsAcrossApps:
    def test_finds_an_accessor_on_a_lower_row(self, registry):
        order = made("SalesOrder", "orders", registry)
        task = made("PickTask", "warehouse", registry, order=key(order, related_name="pick_tasks"))
        assert len(architecture.reverse_accessors_across_apps([task])) == 1

    def test_leaves_accessors_inside_an_app_alone(self, registry):
        order = made("SalesOrder", "orders", registry)
        line = made("Line", "orders", registry, order=key(order, related_name="lines"))
        assert architecture.reverse_accessors_across_apps([line]) == []


class TestModelsWithoutDocstring:
    def test_is_not_taken_in_by_the_one_that_django_makes_up(self, registry):
        assert len(architecture.models_without_docstring([made("Line", "orders", registry)])) == 1

    def test_reads_the_real_one(self, registry):
        assert architecture.models_without_docstring([made("Line", "orders", registry, __doc__="One line.")]) == []


class TestGenericKeys:
    def test_finds_one(self, registry):
        note = made("Note", "orders", registry, subject=GenericForeignKey("kind", "row"))
        assert len(architecture.generic_keys([note])) == 1


class TestCascades:
    def document(self, registry):
        return made("Invoice", "billing", registry, status=FSMField(default="OPEN", protected=True))

    def test_finds_a_ledger_whose_rows_go_with_another(self, registry, company):
        move = made("Move", "core", registry, meta={"triggers": append_only()}, company=key(company, models.CASCADE))
        assert len(architecture.cascades([move])) == 1

    def test_finds_a_ledger_whose_rows_are_changed_by_a_deletion(self, registry, company):
        owner = models.ForeignKey(company, on_delete=models.SET_NULL, null=True, related_name="+")
        assert (
            len(architecture.cascades([made("Move", "core", registry, meta={"triggers": append_only()}, o=owner)])) == 1
        )

    def test_finds_rows_that_go_with_a_document(self, registry):
        line = made("InvoiceLine", "billing", registry, invoice=key(self.document(registry), models.CASCADE))
        assert len(architecture.cascades([line])) == 1

    def test_finds_a_deletion_across_apps(self, registry):
        product = made("Product", "inventory", registry)
        price = made("Price", "orders", registry, product=key(product, models.CASCADE))
        assert len(architecture.cascades([price])) == 1

    def test_leaves_parts_of_a_reference_row_alone(self, registry, company):
        customer = made("Customer", "orders", registry)
        address = made("Address", "orders", registry, customer=key(customer, models.CASCADE))
        access = made("Access", "orders", registry, company=key(company, models.CASCADE))
        line = made("InvoiceLine", "billing", registry, invoice=key(self.document(registry)))
        assert architecture.cascades([address, access, line]) == []


class TestCompanyNotFirst:
    def unique(self, *fields):
        return {"constraints": [models.UniqueConstraint(fields=fields, name="product_sku_once")]}

    def test_finds_a_code_that_is_unique_for_all_companies(self, registry, company):
        product = made("Product", "inventory", registry, company=key(company), sku=models.CharField(unique=True))
        assert len(architecture.company_not_first([product])) == 1

    def test_finds_a_constraint_that_begins_with_something_else(self, registry, company):
        fields = {"company": key(company), "sku": models.CharField()}
        product = made("Product", "inventory", registry, meta=self.unique("sku", "company"), **fields)
        assert len(architecture.company_not_first([product])) == 1

    def test_leaves_company_first_alone(self, registry, company):
        fields = {"company": key(company), "sku": models.CharField()}
        product = made("Product", "inventory", registry, meta=self.unique("company", "sku"), **fields)
        assert architecture.company_not_first([product]) == []


class TestConstraintsWithoutTable:
    def test_finds_a_name_that_hides_its_table(self, registry):
        rule = models.CheckConstraint(condition=models.Q(id__gt=0), name="id_positive")
        line = made("Line", "orders", registry, meta={"constraints": [rule]})
        assert len(architecture.constraints_without_table([line])) == 1


class TestUnguardedStates:
    """One sound document, and each way to leave its status open."""

    STEP = ("DRAFT", "CONFIRMED")

    def document(self, registry, *, status=None, bases=(models.Model,), held=(STEP,), checked=True, **step):
        choices = [("DRAFT", "Draft"), ("CONFIRMED", "Confirmed")]
        status = status or FSMField(choices=choices, default="DRAFT", protected=True)

        @transition(field=status, source="DRAFT", target="CONFIRMED", **step)
        def confirm(self):
            """Confirm."""

        known = models.CheckConstraint(condition=models.Q(status__in=self.STEP), name="document_status_known")
        graph = Graph(**{f"verb_{number}": ([source], target) for number, (source, target) in enumerate(held)})
        triggers = [graph.trigger("document_status_graph")] if held else []
        meta = {"constraints": [known] if checked else [], "triggers": triggers}
        return made("Document", "orders", registry, bases=bases, meta=meta, status=status, confirm=confirm)

    def test_leaves_a_guarded_one_alone(self, registry):
        assert architecture.unguarded_states([self.document(registry)]) == []

    @pytest.mark.parametrize(
        "flaw",
        [
            {"status": FSMField(choices=[("DRAFT", "Draft")], default="DRAFT")},
            {"status": FSMField(choices=[("draft", "Draft")], default="draft", protected=True)},
            {"status": FSMField(default="DRAFT", protected=True)},
            {"bases": (FSMModelMixin, models.Model)},
            {"held": ()},
            {"held": (("CONFIRMED", "DRAFT"),)},
            {"checked": False},
            {"conditions": [lambda row: True]},
            {"permission": "orders.confirm"},
        ],
        ids=[
            "open",
            "lower-case",
            "no-choices",
            "mixin",
            "no-trigger",
            "other-graph",
            "no-check",
            "guard",
            "permission",
        ],
    )
    def test_finds_each_flaw(self, registry, flaw):
        assert len(architecture.unguarded_states([self.document(registry, **flaw)])) == 1


class TestReceiversOfOurs:
    def test_finds_a_receiver(self):
        def note(**_):
            """Do nothing."""

        post_save.connect(note, dispatch_uid="architecture")
        try:
            assert len(architecture.receivers_of_ours()) == 1
        finally:
            post_save.disconnect(dispatch_uid="architecture")


class TestMigrations:
    def migration(self, app, name, *dependencies, operations=()):
        migration = migrations.Migration(name, app)
        migration.dependencies, migration.operations = list(dependencies), list(operations)
        return migration

    def test_finds_one_that_waits_for_a_higher_app(self):
        upward = self.migration("orders", "0002_task", ("orders", "0001_initial"), ("warehouse", "0001_initial"))
        downward = self.migration("warehouse", "0001_initial", ("orders", "0001_initial"))
        assert len(architecture.migrations_pointing_up([upward, downward])) == 1

    def test_finds_two_leaves(self):
        first = self.migration("orders", "0001_initial")
        twins = [self.migration("orders", f"0002_{name}", ("orders", "0001_initial")) for name in ("a", "b")]
        assert len(architecture.apps_with_many_leaves([first, *twins])) == 1
        assert architecture.apps_with_many_leaves([first, twins[0]]) == []

    @pytest.mark.parametrize(
        "name", ["0002_auto_20260101_0101", "0003_alter_order_note_and_more", "0004_merge_x", "5_x"]
    )
    def test_finds_names_made_by_machine(self, name):
        assert len(architecture.migrations_named_by_machine([self.migration("orders", name)])) == 1

    def test_leaves_names_of_purpose_alone(self):
        assert architecture.migrations_named_by_machine([self.migration("orders", "0007_backfill_confirmed_at")]) == []

    def test_finds_a_backfill_without_way_back(self):
        one_way, both_ways = migrations.RunPython(print), migrations.RunPython(print, migrations.RunPython.noop)
        assert len(architecture.migrations_without_way_back([self.migration("a", "0001_x", operations=[one_way])])) == 1
        assert architecture.migrations_without_way_back([self.migration("a", "0001_x", operations=[both_ways])]) == []


class TestJobsAndLocks:
    def test_finds_a_job_without_task(self, tmp_path):
        (tmp_path / "orders").mkdir()
        (tmp_path / "orders/services.py").write_text(
            "jobs.defer('orders.complete')\ndefer('orders.print')\nlines.defer('note')\n"
        )
        names = deferred_names(Tree(tmp_path))
        assert names == ["orders.complete", "orders.print"]
        assert len(architecture.unknown_jobs(names, {"orders.print"})) == 1

    def test_finds_a_table_that_is_none_or_stands_twice(self, registry):
        line = made("Line", "orders", registry)
        order = ["orders_line", "orders_lime", "orders_line", "billing_invoice"]
        assert architecture.unknown_tables_in_lock_order(order, [line]) == [
            "orders_line stands twice",
            "orders_lime is no table",
        ]


@pytest.fixture
def copy(tmp_path):
    """A copy of the sources that import-linter reads, where imports may be added."""
    for app in (*APPS, "config"):
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__", "demo"))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests/contracts.py", tmp_path / "tests/contracts.py")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def contracts(root):
    """Run import-linter and return the outcome of each contract."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "300"}
    run = subprocess.run(
        [program, "--no-cache"], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    lines = [line.rsplit(maxsplit=1) for line in run.stdout.splitlines() if line.endswith(("KEPT", "BROKEN"))]
    assert lines, run.stdout + run.stderr
    return {name.split(":")[0].split(",")[0]: outcome for name, outcome in lines}


class TestImportContracts:
    FLOORS = "An app imports only from floors below it"
    INSIDE = "Inside an app"
    KERNEL = "Inside core"
    PRIVATE = "An app's web modules and other private rooms are its own"
    WEBLESS = "Rules know nothing of the web or of paper"
    PURE = "Decisions and readers are pure"
    ALONE = "The product knows nothing of the developer's machinery"
    APART = "The developer's machinery knows nothing of the product"
    FROZEN = "A migration calls no service"

    def test_are_kept(self, copy):
        assert set(contracts(copy).values()) == {"KEPT"}

    @pytest.mark.parametrize(
        ("contract", "module", "line"),
        [
            (FLOORS, "inventory/events.py", "from orders import events"),
            (FLOORS, "portal/events.py", "from config import settings"),
            (INSIDE, "billing/queries.py", "from billing import services"),
            (INSIDE, "billing/purse.py", ""),
            (KERNEL, "core/refusals.py", "from core import models"),
            (PRIVATE, "billing/views.py", "from orders import views"),
            (WEBLESS, "shipping/services/booking.py", "import django_tables2"),
            (PURE, "inventory/decide.py", "from django.db import connection"),
            (PURE, "core/money.py", "from core import models"),
            (FROZEN, "orders/migrations/0999_refill.py", "from orders import services"),
            (ALONE, "config/urls.py", "from config.dev import run"),
            (APART, "config/dev/run.py", "from core import money"),
        ],
        ids=[
            "up",
            "config",
            "inside",
            "unlisted",
            "kernel",
            "private",
            "web",
            "pure",
            "pure-through-another",
            "migration",
            "alone",
            "apart",
        ],
    )
    def test_each_is_broken_when_provoked(self, copy, contract, module, line):
        for name in ("orders/views", "orders/services", "orders/events", "billing/services"):
            (copy / name / "__init__.py" if (copy / name).is_dir() else copy / f"{name}.py").touch()
        file = copy / module
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        with file.open("a") as text:
            text.write(f"\n{line}\n")
        assert contracts(copy)[contract] == "BROKEN"
