"""Files on their way in: slices that stop and go on, workers that die or meet, and what a company remembers."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from functools import partial

import pytest
from django.db import DatabaseError, transaction
from django.forms.models import model_to_dict
from django.utils import timezone

from core import filing, intake, jobs
from core.intake import running, staging
from core.intake.kinds import kind_named
from core.models import FileImport, ImportRow, Membership, SourceFile, SourceFilePart
from core.refusals import ChangedMeanwhile, NotAllowed, Refused
from core.roles import Role
from inventory.models import Unit
from orders.models import SalesOrder, SalesOrderLine
from orders.services import import_order_file
from tests.core.workbooks import workbook
from tests.factories.core import FILE_AT, checked_file, loaded_file, person, refused_rows
from tests.factories.house import House
from tests.race import race
from tests.unlocked import PATIENCE, take_locks_away

HEADER = "PO number,customer,SKU,quantity,price,date\n"


@pytest.fixture
def house() -> House:
    return House.open()


def orders_file(house: House, count: int, *, first: int = 0) -> str:
    sku = house.product().sku
    return HEADER + "".join(f"P{n},C-1,{sku},1,2.50,2026-11-20\n" for n in range(first, first + count))


def begun(house: House, data: str, *, kind: str = "orders") -> FileImport:
    """Send a file and begin to load it, with nobody at work."""
    run = intake.receive(kind=kind, name="rows.csv", content=io.BytesIO(data.encode()), actor=house.boss, at=FILE_AT)
    intake.load_file(import_id=run.pk, actor=house.boss, at=FILE_AT, in_background=False)
    return run


def step(run: FileImport) -> bool:
    return intake.advance(import_id=run.pk, at=FILE_AT)


def now(run: FileImport) -> FileImport:
    return FileImport.objects.get(pk=run.pk)


@pytest.mark.django_db
class TestCase49:
    def test_of_100_rows_with_7_bad_ones_93_load_and_the_mended_file_adds_only_7(self, house):
        sku = house.product().sku
        rows = [f"P{n % 20},C-1,{sku if n % 15 else 'NOPE'},{n + 1},2.50,2026-11-20" for n in range(100)]
        assert sum("NOPE" in row for row in rows) == 7
        first = loaded_file("orders", HEADER + "\n".join(rows), house.boss)
        assert (first.loaded, first.refused) == (93, 7)
        assert {reason for _line, _column, reason in refused_rows(first)} == {"There is no product NOPE."}
        mended = [row.replace("NOPE", sku) for row in rows]
        second = loaded_file("orders", HEADER + "\n".join(mended), house.boss)
        assert (second.loaded, second.same, refused_rows(second)) == (7, 93, [])
        assert SalesOrderLine.objects.count() == 100
        third = checked_file("orders", HEADER + "\n".join(mended), house.boss)
        assert (third.good, third.same) == (0, 100)


@pytest.mark.django_db
class TestSlices:
    def test_stop_between_two_and_go_on_behind_the_last(self, house):
        run = begun(house, orders_file(house, 120))
        assert step(run)  # reads
        assert step(run)
        assert SalesOrder.objects.count() == 50
        intake.stop_file(import_id=run.pk, actor=house.boss, at=FILE_AT)
        assert not step(run)
        assert (now(run).status, SalesOrder.objects.count()) == ("STOPPED", 50)
        intake.load_file(import_id=run.pk, actor=house.boss, at=FILE_AT, in_background=False)
        while step(run):
            pass
        assert (now(run).status, now(run).loaded, now(run).made) == ("DONE", 120, 120)
        assert SalesOrder.objects.count() == 120

    def test_tell_how_far_they_are(self, house):
        run = begun(house, orders_file(house, 120))
        told = []
        while step(run):
            told.append((now(run).handled, now(run).to_handle))
        assert told == [(0, 120), (50, 120), (100, 120), (120, 120)]

    def test_that_fail_leave_those_before_them_and_can_be_tried_again(self, house, monkeypatch):
        run = begun(house, orders_file(house, 60))
        assert step(run)
        assert step(run)
        kind = intake.kind_named("orders")
        with monkeypatch.context() as patches:
            patches.setattr(running, "_note", partial(_fail, running._note))
            with pytest.raises(RuntimeError):
                step(run)
        assert (now(run).status, SalesOrder.objects.count()) == ("LOADING", 50)
        while step(run):
            pass
        assert (now(run).status, SalesOrder.objects.count(), kind.slice) == ("DONE", 60, 50)

    def test_go_in_for_the_company_that_the_file_is_for(self, house):
        elsewhere = House.open()
        Membership.objects.create(user=house.boss, company=elsewhere.company, roles=list(Role))
        boss = house.boss.__class__.objects.get(pk=house.boss.pk)
        boss.chosen_company_id = elsewhere.company.pk
        sku = elsewhere.product().sku
        run = loaded_file("orders", f"{HEADER}P1,C-1,{sku},1,1,2026-11-20\n", boss)
        assert (run.company, run.loaded) == (elsewhere.company, 1)
        assert SalesOrder.objects.get().company == elsewhere.company

    def test_stop_where_the_person_may_not_load_any_more(self, house):
        run = begun(house, orders_file(house, 3))
        assert step(run)
        Membership.objects.filter(user=house.boss).update(roles=[Role.PICKER])
        assert not step(run)
        assert (now(run).status, SalesOrder.objects.count()) == ("STOPPED", 0)
        assert "Your roles do not include" in now(run).fault

    def test_take_a_row_in_once_although_a_job_runs_twice(self, house, monkeypatch):
        deferred = []
        monkeypatch.setattr(jobs, "defer", lambda name, **arguments: deferred.append((name, arguments)))
        run = intake.receive(
            kind="orders", name="x", content=io.BytesIO(orders_file(house, 3).encode()), actor=house.boss, at=FILE_AT
        )
        intake.load_file(import_id=run.pk, actor=house.boss, at=FILE_AT)
        assert deferred == [("core.advance_import", {"import_id": run.pk})]
        for _time in range(2):
            while step(run):
                pass
        assert SalesOrder.objects.count() == 3


def _fail(note, *arguments):
    note(*arguments)
    raise RuntimeError("the worker dies")


@pytest.mark.django_db
class TestReading:
    def test_begins_anew_behind_a_worker_that_died_in_the_middle(self, house, monkeypatch):
        monkeypatch.setattr(staging, "BATCH", 10)
        run = begun(house, orders_file(house, 25))
        keep = staging._keep
        calls = []

        def die_at_the_second(mine, batch):
            calls.append(len(batch))
            if len(calls) == 2:
                raise RuntimeError("the worker dies")
            return keep(mine, batch)

        with monkeypatch.context() as patches:
            patches.setattr(staging, "_keep", die_at_the_second)
            with pytest.raises(RuntimeError):
                step(run)
        assert now(run).rows == 10
        while step(run):
            pass
        assert (now(run).rows, now(run).loaded, now(run).attempt) == (25, 25, 2)

    def test_is_left_by_a_worker_whom_another_overtook(self, house, monkeypatch):
        monkeypatch.setattr(staging, "BATCH", 10)
        run = begun(house, orders_file(house, 25))
        keep = staging._keep

        def overtaken(mine, batch):
            FileImport.objects.filter(pk=mine.pk).update(attempt=7)
            return keep(mine, batch)

        monkeypatch.setattr(staging, "_keep", overtaken)
        assert not step(run)
        assert (now(run).rows, now(run).is_staged, now(run).status) == (0, False, "LOADING")

    def test_that_breaks_off_in_the_middle_loads_nothing(self, house):
        data = orders_file(house, 60) + 'P99,C-1,"never closed,1,1,2026-11-20\n'
        run = begun(house, data)
        assert not step(run)
        assert now(run).status == "UNREADABLE"
        assert now(run).fault.startswith("The quotes of the row that begins in line 62 are not closed")
        assert not SalesOrder.objects.exists()

    def test_refuses_more_rows_than_one_order_has(self, house, monkeypatch):
        sku = house.product().sku
        kind = intake.kind_named("orders")
        object.__setattr__(kind, "most_in_group", 2)
        try:
            run = checked_file("orders", HEADER + f"P1,C-1,{sku},1,1,2026-11-20\n" * 3, house.boss)
        finally:
            object.__setattr__(kind, "most_in_group", 5_000)
        assert [reason for _line, _column, reason in refused_rows(run)] == [
            "One order has at most 2 rows. Give the rest another number."
        ]

    def test_reads_a_workbook_like_a_text(self, house):
        sku = house.product().sku
        rows = [HEADER.strip().split(","), ["P1", "C-1", sku, 3, 2.55, "2026-11-20"], ["P1", "C-1", "NO", 1, 1, "x"]]
        run = loaded_file("orders", workbook(rows), house.boss, name="orders.xlsx")
        assert (run.loaded, run.layout["sheet"], run.layout["encoding"]) == (1, "Orders", "")
        assert refused_rows(run)[0][:2] == (3, "date")
        assert SalesOrderLine.objects.get().net == Decimal("7.65")


@pytest.mark.django_db
class TestUnits:
    """PRODUCT.md case 92: what comes in is what was written, to the last unit."""

    @pytest.mark.parametrize(
        ("step_of", "quantity"), [("1", "60"), ("0.01", "33.60"), ("1", "1"), ("0.000001", "0.96")]
    )
    def test_are_exactly_those_of_the_file(self, house, step_of, quantity):
        Unit.objects.filter(pk=house.unit.pk).update(step=Decimal(step_of))
        sku = house.product().sku
        loaded_file("orders", f"{HEADER}P1,C-1,{sku},{quantity},1,2026-11-20\n", house.boss)
        assert SalesOrderLine.objects.get().quantity == Decimal(quantity)


@pytest.mark.django_db
class TestReceive:
    def test_keeps_bytes_digest_person_and_moment(self, house, monkeypatch):
        monkeypatch.setattr(filing, "PART", 100)
        data = orders_file(house, 20).encode()
        run = intake.receive(kind="orders", name="x" * 300, content=io.BytesIO(data), actor=house.boss, at=FILE_AT)
        file = SourceFile.objects.get(pk=run.file_id)
        assert (file.size, file.received_by, file.received_at, len(file.name)) == (len(data), house.boss, FILE_AT, 200)
        assert file.sha256 == hashlib.sha256(data).hexdigest()
        assert b"".join(bytes(part) for part in file.parts.values_list("content", flat=True)) == data
        assert file.parts.count() > 5

    def test_of_a_file_is_for_good(self, house):
        begun(house, orders_file(house, 1))
        for model in (SourceFile, SourceFilePart):
            with pytest.raises(DatabaseError), transaction.atomic():
                model.objects.all().delete()

    def test_is_for_who_may_load_such_files(self, house):
        picker = person(Role.PICKER, company=house.company)
        with pytest.raises(NotAllowed):
            intake.receive(kind="orders", name="x", content=io.BytesIO(b"a\n"), actor=picker, at=FILE_AT)
        assert not SourceFile.objects.exists()

    def test_is_not_undone_while_it_is_under_way(self, house):
        run = begun(house, orders_file(house, 1))
        for call in (intake.check_file, intake.load_file):
            with pytest.raises(ChangedMeanwhile):
                call(import_id=run.pk, actor=house.boss, at=FILE_AT)
        with pytest.raises(Refused, match="is being read already"):
            intake.map_columns(
                import_id=run.pk, layout=None, mapping={}, notation={}, actor=house.boss, at=timezone.now()
            )


def two_workers(run: FileImport, house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[FileImport, Counter[int]]:
    """Have two workers take up the same file at once; return how it ended, and how often each row was taken on."""
    house.boss.can("orders.import")
    taken: Counter[int] = Counter()
    load = running._load

    def counted(run, kind, groups, at):
        taken.update(row.number for group in groups for row in group.rows)
        return load(run, kind, groups, at)

    def work() -> None:
        while step(run):
            pass

    monkeypatch.setattr(running, "_load", counted)
    race(work, work)
    return now(run), taken


class TestTwoWorkersAtOnce:
    @pytest.mark.django_db(transaction=True)
    def test_take_each_row_in_once(self, monkeypatch):
        monkeypatch.setattr(staging, "BATCH", 10)
        house = House.open()
        run, taken = two_workers(begun(house, orders_file(house, 120)), house, monkeypatch)
        assert (run.status, run.rows, run.handled, run.loaded, run.made) == ("DONE", 120, 120, 120, 120)
        assert sorted(taken) == list(range(2, 122))
        assert set(taken.values()) == {1}
        assert SalesOrder.objects.count() == 120

    @pytest.mark.django_db
    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_do_not_read_anew_what_one_has_read(self, steps):
        """The later had looked before the earlier was done: rows that are read, or taken in, stand."""
        house = House.open()
        run = begun(house, orders_file(house, 2))
        late = FileImport.objects.select_related("company", "file").get(pk=run.pk)
        assert [step(run) for _ in range(steps)] == [True, True, False][:steps]
        before = model_to_dict(now(run))
        assert staging.stage(late, kind_named(run.kind), at=FILE_AT) is True
        assert model_to_dict(now(run)) == before
        assert ImportRow.objects.filter(run=run).count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_take_rows_on_twice_without_the_lock(self, monkeypatch):
        """The control: both see the same rows as the next where the import is not locked."""
        meeting = threading.Barrier(2)
        find = running._next_groups

        def found_by_both(run, kind):
            groups = find(run, kind)
            with suppress(threading.BrokenBarrierError):
                meeting.wait(PATIENCE)
            return groups

        house = House.open()
        run = begun(house, orders_file(house, 20))
        assert step(run)  # reads
        with monkeypatch.context() as patches:
            patches.setattr(running, "_next_groups", found_by_both)
            take_locks_away(patches, FileImport, pause=0)
            _run, taken = two_workers(run, house, patches)
        assert min(taken.values()) >= 2

    @pytest.mark.django_db(transaction=True)
    def test_of_two_files_make_each_order_once(self):
        house = House.open()
        data = orders_file(house, 40).encode()
        take = partial(import_order_file, data=data, source="x", actor=house.boss, at=FILE_AT)
        house.boss.can("orders.import")
        reports = race(take, take)
        assert sum(len(report.order_ids) for report in reports) == SalesOrder.objects.count() == 40
        assert sum(report.same_rows for report in reports) == 40
