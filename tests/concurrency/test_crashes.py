"""What a crash may cost: nothing that was acknowledged, and never half of a thing (TRUST.md T10, T11)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django import db
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import Model

from billing import services as billing_services
from config.dev.databases import clone_database, ensure_roles_and_database
from config.dev.postgres import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from config.dev.throwaway import throwaway_cluster
from core.refusals import Refused
from inventory.models import Demand, Product, StockLevel, Transfer, TransferPosting
from orders import services as orders_services
from orders.models import AllocationRun, LinePart, OrderEvent, Rule, SalesOrder
from shipping import services as shipping_services
from tests.caller import Caller
from tests.database import CLUSTER, TEMPLATE, point_connections_at
from tests.factories import transfers
from tests.factories.house import AT, House
from tests.race import race
from tests.soak import count
from warehouse import services as warehouse_services

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

WRITERS = 8
DATABASE_KILLS = count(short=1, full=3)
SECONDS_BETWEEN = count(short=2, full=10)
# A soak has the machine to itself
SECONDS_TO_BE_BACK = count(short=60, full=10)
WORKER_KILLS = count(short=4, full=100)
RUN_KILLS = count(short=3, full=40)
RUN_ORDERS = count(short=30, full=400)

# The verbs of a whole life, what each is sent to, and the fact that it leaves in the order's log once.
LIFE = {
    OrderEvent.Kind.CONFIRMED: orders_services.confirm_orders,
    OrderEvent.Kind.RELEASED: warehouse_services.release_orders,
    OrderEvent.Kind.PICKED: warehouse_services.pick_orders,
    OrderEvent.Kind.PACKED: warehouse_services.pack_orders,
    OrderEvent.Kind.DISPATCHED: partial(shipping_services.dispatch_orders, carrier="Van", tracking_number=""),
    OrderEvent.Kind.INVOICED: billing_services.invoice_orders,
    OrderEvent.Kind.PAID: billing_services.pay_orders,
}
ADDRESSES = {
    OrderEvent.Kind.CONFIRMED: "/orders/confirm/",
    OrderEvent.Kind.RELEASED: "/warehouse/release/orders/",
    OrderEvent.Kind.PICKED: "/warehouse/pick/orders/",
    OrderEvent.Kind.PACKED: "/warehouse/pack/orders/",
    OrderEvent.Kind.DISPATCHED: "/shipping/dispatch/orders/",
    OrderEvent.Kind.INVOICED: "/invoices/post/",
    OrderEvent.Kind.PAID: "/invoices/pay-orders/",
}


def assert_no_drift() -> None:
    out = StringIO()
    call_command("audit_ledger", stdout=out)
    assert "no drift" in out.getvalue()


def facts(order_id: int) -> Counter[str]:
    return Counter(OrderEvent.objects.filter(order_id=order_id, kind__in=LIFE).values_list("kind", flat=True))


@pytest.fixture(scope="module")
def migrated_cluster(pytestconfig: pytest.Config, django_db_setup: Callable[[], None]) -> Iterator[EmbeddedPostgres]:
    """A cluster on disk that tests may kill, with a copy of this process's database to clone."""
    migrated = pytestconfig.stash[CLUSTER].uri(database=connections.settings["default"]["NAME"])
    with throwaway_cluster() as cluster:
        ensure_roles_and_database(cluster.uri(), database=TEMPLATE)
        dumped = subprocess.run([cluster.program("pg_dump"), migrated], capture_output=True, check=True)
        restore = [cluster.program("psql"), "--quiet", "--set=ON_ERROR_STOP=1", cluster.uri(database=TEMPLATE)]
        subprocess.run(restore, input=dumped.stdout, stdout=subprocess.DEVNULL, check=True)
        yield cluster


class TestTheDatabaseIsKilled:
    @pytest.fixture
    def own_cluster(
        self, migrated_cluster: EmbeddedPostgres, pytestconfig: pytest.Config
    ) -> Iterator[EmbeddedPostgres]:
        """The cluster with a fresh database, to which this process's connections are led."""
        database = connection.settings_dict["NAME"]
        connections.close_all()
        clone_database(migrated_cluster.uri(), template=TEMPLATE, database="crash")
        point_connections_at(migrated_cluster, "crash")
        yield migrated_cluster
        connections.close_all()
        point_connections_at(pytestconfig.stash[CLUSTER], database)

    @pytest.mark.soak("T10")
    def test_and_nothing_acknowledged_is_lost_and_nothing_is_there_twice(self, own_cluster):
        acknowledged, reached, cut, back = self.write_through_kills(own_cluster, DATABASE_KILLS)
        assert max(back) < SECONDS_TO_BE_BACK
        assert cut >= DATABASE_KILLS
        for order_id, kinds in acknowledged.items():
            found = facts(order_id)
            assert all(found[kind] == 1 for kind in kinds), (order_id, kinds, found)
            assert set(found.values()) == {1}
        numbers = SalesOrder.objects.values_list("po_number", flat=True)
        assert len(numbers) == len(set(numbers)) >= len(acknowledged)
        assert {type(row) for row, _status in reached} == {Transfer, AllocationRun}
        for row, status in reached:
            assert type(row).objects.get(pk=row.pk).status == status, row
        assert_no_drift()

    def test_loses_what_was_acknowledged_where_commits_do_not_wait_for_the_disk(self, own_cluster):
        """The control: the same kill finds acknowledgements without rows, which nobody wrote in the meantime."""
        connection.ensure_connection()  # what is there before anybody works is kept
        with psycopg.connect(own_cluster.uri(), autocommit=True) as own:
            own.execute(f"ALTER ROLE {APP_ROLE} IN DATABASE crash SET synchronous_commit = off")
            own.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            own.execute("ALTER SYSTEM SET wal_writer_flush_after = '1GB'")
            own.execute("SELECT pg_reload_conf()")
        acknowledged, _reached, _cut, _back = self.write_through_kills(own_cluster, 1)
        assert any(set(facts(order_id)) < set(kinds) for order_id, kinds in acknowledged.items())
        assert_no_drift()

    def write_through_kills(
        self, cluster: EmbeddedPostgres, kills: int
    ) -> tuple[dict[int, list[str]], list[tuple[Model, str]], int, list[float]]:
        """Let eight people work, and two move stock and share it out, while PostgreSQL is killed some times.

        Give what each order's people were told, what transfers and runs were said to have reached, how often people
        were cut off, and how long each return took.
        """
        house = House.open(warehouses=2)
        products = [house.product([1_000_000]) for _ in range(5)]
        moved, short = house.product([0, 1_000_000]), house.product()
        assert house.boss.verbs
        connections.close_all()
        over, back = threading.Event(), []
        writers: list[Callable[[], Any]] = [
            *(partial(self.write, house, products, number, over) for number in range(WRITERS)),
            partial(self.until, over, partial(self.move, house, moved)),
            partial(self.until, over, partial(self.share_out, house, short)),
        ]
        outcomes: list[Any] = []
        working = threading.Thread(target=lambda: outcomes.extend(race(*writers, patience=600)))
        working.start()
        try:
            for _ in range(kills):
                time.sleep(SECONDS_BETWEEN)
                begun = time.monotonic()
                for pid in cluster._processes():
                    with contextlib.suppress(
                        ProcessLookupError
                    ):  # it went by itself, when the first of them was killed
                        os.kill(pid, signal.SIGKILL)
                while cluster._processes():
                    time.sleep(0.01)
                cluster.start(adopt=True)
                back.append(time.monotonic() - begun)
            time.sleep(1)
        finally:
            over.set()
            working.join()
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        acknowledged = defaultdict(list)
        for acks, _cut in outcomes[:WRITERS]:
            for order_id, kind in acks:
                acknowledged[order_id].append(kind)
        reached = [one for told, _cut in outcomes[WRITERS:] for one in told]
        return acknowledged, reached, sum(cut for _acks, cut in outcomes), back

    def until(
        self, over: threading.Event, work: Callable[[], tuple[Model, str] | None]
    ) -> tuple[list[tuple[Model, str]], int]:
        """Do a piece of work again and again; return what was reached for good and how often it was cut."""
        reached, cut = [], 0
        while not over.is_set():
            try:
                if (told := work()) is not None:
                    reached.append(told)
            except db.Error:
                cut += 1
                connection.close()
                time.sleep(0.1)
        return reached, cut

    def move(self, house: House, product: Product) -> tuple[Model, str]:
        """Bring three units from the second warehouse to the first, in two parts."""
        transfer = transfers.leave(house, transfers.drafted(house, (product, 3)))
        transfers.reach(house, transfer, 2)
        transfers.reach(house, transfer, 1)
        return transfer, Transfer.Status.RECEIVED

    def share_out(self, house: House, product: Product) -> tuple[Model, str] | None:
        """Let a run give what has come to those who wait, line by line; go on with one that was cut off."""
        runs = AllocationRun.objects.filter(company=house.company)
        run = runs.filter(status=AllocationRun.Status.RUNNING).first()
        if run is None:
            for _ in range(3):
                house.order((product, 2))
            house.receive(product, 5)
            try:
                run = runs.get(pk=orders_services.begin_run(rule=Rule.DUE, actor=house.boss, at=AT))
            except Refused:  # the rest of an earlier turn took what came
                return None
        while orders_services.advance_run(run_id=run.pk, lines=1, at=AT):
            pass
        return run, AllocationRun.Status.DONE

    def write(
        self, house: House, products: list[Product], writer: int, over: threading.Event
    ) -> tuple[list[tuple[int, str]], int]:
        """Lead one order after the other through its life; return what was acknowledged and how often it was cut."""
        chance, acknowledged, cut, number = random.Random(writer), [], 0, 0
        while not over.is_set():
            number += 1
            try:
                order = house.draft(
                    *((product, 1) for product in chance.sample(products, 3)), po_number=f"W{writer}N{number}"
                )
                for kind, verb in LIFE.items():
                    (result,) = verb(order_ids=[order.pk], actor=house.boss, at=AT).values()
                    assert not isinstance(result, Refused), result
                    acknowledged.append((order.pk, kind))
            except db.Error:  # whether it was done is not known: another order is next
                cut += 1
                connection.close()
                time.sleep(0.1)
        return acknowledged, cut


@pytest.fixture
def environment(pytestconfig: pytest.Config, tmp_path: Path) -> dict[str, str]:
    """What a process of the product is told so that it works on this test's database."""
    cluster, database = pytestconfig.stash[CLUSTER], connection.settings_dict["NAME"]
    return {
        **os.environ,
        "ORDERLY_ENV": "local",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": cluster.uri(APP_ROLE, database),
        "MIGRATE_DATABASE_URL": cluster.uri(OWNER_ROLE, database),
        "DATA_DIR": str(tmp_path),
    }


class TestAWebWorkerIsKilled:
    @pytest.fixture
    def server(self, environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, int]]:
        """The web server as it is run, on this test's database: its address and its process."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = (
            f"--bind 127.0.0.1:{port} --worker-class gthread --workers 2 --threads 4 --preload --no-control-socket"
        )
        with (tmp_path / "web.log").open("w") as log:
            program = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "config.wsgi:application", *options.split()],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            self.wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}", program.pid
        finally:
            program.terminate()
            program.wait(30)

    def wait_for(self, address: str) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail("The web server did not start.")

    @pytest.mark.soak("T11")
    def test_and_no_request_leaves_half_of_a_thing(self, server):
        address, master = server
        house = House.open()
        products = [house.product([1_000_000]) for _ in range(3)]
        caller, chance, cut = Caller(address, house.boss), random.Random(11), 0
        for round_ in range(WORKER_KILLS):
            orders = [house.draft(*((product, 2) for product in products)) for _ in range(3)]
            ready = threading.Event()
            killer = threading.Thread(target=self.kill_one, args=(master, ready, chance.uniform(0, 0.15)))
            killer.start()
            kinds = list(LIFE)
            before, at = kinds[: round_ % len(kinds)], kinds[round_ % len(kinds)]
            for kind in before:
                self.send_until_done(caller, kind, [order.pk for order in orders])
            ready.set()
            outcomes = race(*(partial(self.send, caller, at, [order.pk]) for order in orders))
            killer.join()
            cut += sum(isinstance(outcome, Exception) for outcome in outcomes)
            for order in orders:
                found = facts(order.pk)
                assert set(found) in ({*before}, {*before, at})
                assert set(found.values()) <= {1}
            for kind in kinds[len(before) :]:
                self.send_until_done(caller, kind, [order.pk for order in orders])
            for order in orders:
                assert facts(order.pk) == Counter(kinds)
            if round_ % 10 == 0:
                assert_no_drift()
        assert cut, "no request was cut off: the kills came too early or too late"
        assert_no_drift()

    @pytest.mark.soak("T11")
    def test_and_no_transfer_is_sent_or_arrives_in_half(self, server):
        address, master = server
        house = House.open(warehouses=2)
        products = [house.product([0, 1_000_000]) for _ in range(3)]
        caller, chance, cut, took = Caller(address, house.boss), random.Random(12), 0, 0.3
        steps = [("send", 3), ("receive", 2), ("receive", 1)]
        # Units of each line that were sent and received, and the postings, after so many steps
        stood = [({(None, 0)}, 0), ({(3, 0)}, 2), ({(3, 2)}, 3), ({(3, 3)}, 4)]
        for round_ in range(WORKER_KILLS):
            both = [transfers.drafted(house, *((product, 3) for product in products)) for _ in range(2)]
            for number, (verb, units) in enumerate(steps):
                asked = [
                    partial(self.carry, caller, transfer, verb, units, key=f"{transfer.pk}-{number}")
                    for transfer in both
                ]
                ready = threading.Event()
                killer = threading.Thread(target=self.kill_one, args=(master, ready, chance.uniform(0, took)))
                killer.start()
                ready.set()
                outcomes = race(*asked)
                killer.join()
                cut += sum(isinstance(outcome, Exception) for outcome in outcomes)
                for transfer in both:
                    assert self.stands(transfer) in stood[number : number + 2]
                for ask in asked:
                    self.until_done(ask, verb)
                assert [self.stands(transfer) for transfer in both] == [stood[number + 1]] * 2
            if round_ % 10 == 0:
                assert_no_drift()
            # How long a step takes here and now, so that the next kills fall into it
            again = transfers.drafted(house, *((product, 3) for product in products))
            begun = time.monotonic()
            assert self.carry(caller, again, "send", 3, key=f"{again.pk}") == 302
            took = time.monotonic() - begun
        assert cut, "no request was cut off: the kills came too early or too late"
        assert_no_drift()

    def carry(self, caller: Caller, transfer: Transfer, verb: str, units: int, *, key: str) -> int:
        """Send so many units of each line of a transfer, or take them in, by its page."""
        lines = transfers.lines_of(transfer)
        form = {f"line-{line.pk}": units for line in lines} | {f"bin-{line.pk}": "A-01" for line in lines}
        return caller.post(f"/transfers/{transfer.pk}/{verb}/", idempotency_key=key, **form).status

    def stands(self, transfer: Transfer) -> tuple[set[tuple[Any, Any]], int]:
        """Return what was sent and received of each line of a transfer, and how many postings it caused."""
        lines = {(line.sent, line.received) for line in transfers.lines_of(transfer)}
        return lines, TransferPosting.objects.filter(transfer=transfer).count()

    def kill_one(self, master: int, ready: threading.Event, after: float) -> None:
        """Kill one of the web server's workers a moment after the requests were sent."""
        ready.wait(60)
        time.sleep(after)
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        os.kill(int(random.choice(workers)), signal.SIGKILL)

    def send(self, caller: Caller, kind: str, ids: list[int]) -> int:
        return caller.post(ADDRESSES[kind], id=ids, carrier="Van").status

    def send_until_done(self, caller: Caller, kind: str, ids: list[int]) -> None:
        """Send a verb as a person does whose page did not come: again, until it says that it is done."""
        self.until_done(partial(self.send, caller, kind, ids), f"{kind} of {ids}")

    def until_done(self, status: Callable[[], int], what: str) -> None:
        """Ask until the answer is that it is done."""
        for _ in range(20):
            try:
                if (answer := status()) == 302:
                    return
            except (OSError, HTTPException) as error:
                answer = repr(error)
            time.sleep(0.3)
        pytest.fail(f"{what} was never done: {answer}")


class TestAJobWorkerIsKilled:
    # A worker that goes on with a run, five lines at a time, once it is told to
    WORKER = """
import django
django.setup()
from orders import tasks
tasks.FIRST_SLICE, tasks.fitting = 5, lambda lines, ms: 5
print("ready", flush=True)
input()
tasks.advance_run(run_id={run_id})
"""

    @pytest.mark.soak("T12")
    def test_and_a_run_serves_each_line_once_and_in_its_turn(self, environment):
        house = House.open()
        product = house.product()
        for _ in range(RUN_ORDERS):
            house.order(*[(product, 1)] * 10)
        lines = RUN_ORDERS * 10
        house.receive(product, lines - 7)
        run_id = orders_services.begin_run(rule=Rule.DUE, actor=house.boss, at=AT)
        chance, reached = random.Random(13), [0]
        for _ in range(RUN_KILLS):
            self.work_and_be_killed(run_id, environment, chance.uniform(0.05, 0.4))
            run = AllocationRun.objects.get(pk=run_id)
            served = Demand.objects.filter(allocated=1).count()
            assert run.served == run.filled == served == StockLevel.objects.get().allocated
            assert run.handled == served or served == lines - 7
            reached.append(run.handled)
        assert sum(0 < handled < lines for handled in reached), "every kill came too early or too late"
        while orders_services.advance_run(run_id=run_id, lines=50, at=AT):
            pass
        run = AllocationRun.objects.get(pk=run_id)
        assert (run.status, run.handled, run.served) == (AllocationRun.Status.DONE, lines, lines - 7)
        in_turn = LinePart.objects.order_by("order_id", "pk").values_list("demand__allocated", flat=True)
        assert list(in_turn) == [1] * (lines - 7) + [0] * 7
        assert_no_drift()

    def work_and_be_killed(self, run_id: int, environment: dict[str, str], after: float) -> None:
        """Let a worker go on with a run, and kill it after so many seconds."""
        worker = subprocess.Popen(
            [sys.executable, "-c", self.WORKER.format(run_id=run_id)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with worker:
            try:
                assert worker.stdin is not None
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
                worker.stdin.write("\n")
                worker.stdin.flush()
                time.sleep(after)
            finally:
                worker.kill()
