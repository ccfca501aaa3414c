"""The run over everything that waits: what is free is given in slices, the most urgent first, while work goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from core import jobs, transitions
from core.models import User
from core.reading import Among
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from inventory import services as inventory_services
from inventory.models import Demand
from orders import sql
from orders.models import AllocationRun, Rule
from orders.services.noting import note_allocated

# About fifty orders; what a slice holds locked it holds for about so long
FIRST_SLICE, LARGEST_SLICE, SLICE_MS = 150, 2000, 250


def begin_run(*, rule: str, actor: User, at: datetime) -> int:
    """Begin to give what is free to every line of the person's company that waits, and return the run's id.

    Who is served in which turn is fixed now; a job goes on with it, and nobody waits for it longer than for a slice.

    :raises NotAllowed: where the actor may not confirm.
    :raises Blocked: where a run is under way, or nothing that waits has stock.
    """
    require(actor, "orders.confirm")
    return _begin(actor.company.pk, rule, actor, at)


def begin_nightly_runs(*, at: datetime) -> list[int]:
    """Begin a run for each company in which something that waits has stock, and return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COMPANIES_TO_ALLOCATE)
        companies = [company_id for (company_id,) in cursor.fetchall()]
    begun = []
    for company_id in companies:
        try:
            begun.append(_begin(company_id, Rule.DUE, None, at))
        except Blocked:  # somebody has just begun one by hand, or filled what waited
            continue
    return begun


@atomic
def stop_run(*, run_id: int, actor: User, at: datetime) -> None:
    """Leave off behind the slice that is under way; what was given stays given.

    :raises NotAllowed: where the actor may not confirm.
    :raises ChangedMeanwhile: where it is not running.
    """
    require(actor, "orders.confirm")
    transitions.apply([_mine(run_id, actor)], "stop", at=at)


def go_on_with_run(*, run_id: int, actor: User, at: datetime) -> None:
    """Serve those that a stopped run has left.

    :raises NotAllowed: where the actor may not confirm.
    :raises ChangedMeanwhile: where it was not stopped.
    :raises Blocked: where another run is under way.
    """
    require(actor, "orders.confirm")
    try:
        with transaction.atomic():
            transitions.apply([_mine(run_id, actor)], "go_on", at=at)
            jobs.defer("orders.advance_run", run_id=run_id)
    except IntegrityError as error:
        raise Blocked("Another run is under way.") from error


@atomic
def advance_run(*, run_id: int, lines: int, at: datetime) -> bool:
    """Serve the next lines of a run, and say whether there may be more.

    Safe to be called by two workers at once, and after one that died. How many lines a slice has changes nothing in
    what each gets: those before have what they got, and those behind get what is left.
    """
    run = AllocationRun.objects.filter(pk=run_id).select_related("company").defer("demand_ids").locked().get()
    if run.status != AllocationRun.Status.RUNNING:
        return False
    at = run.company.local(at)
    with connection.cursor() as cursor:
        cursor.execute(sql.NEXT_OF_RUN, [run.handled + 1, run.handled + lines, run.pk])
        ((demand_ids,),) = cursor.fetchall()
    if not demand_ids:
        transitions.apply([run], "finish", at=at, fields=["finished_at"])
        return False
    # No order is locked: the promise is the demands', and a job sets what the orders say of it
    got = inventory_services.allocate_demands(
        demand_ids=demand_ids,
        ranks={pk: place for place, pk in enumerate(demand_ids)},
        at=at,
        pegs_the_rest=False,
    )
    note_allocated(got=got, company_id=run.company_id, actor=run.actor, at=at, run=run.pk)
    run.handled += len(demand_ids)
    run.served += len(got)
    run.filled += Demand.objects.filter(Among(F("pk"), list(got)), backordered=0).count()
    run.save(update_fields=["handled", "served", "filled"])
    return True


def fitting(lines: int, ms: int) -> int:
    """Return how many lines the next slice takes after one that took so long: locks are held for about as long."""
    return max(FIRST_SLICE, min(lines * SLICE_MS // max(ms, 1), lines * 2, LARGEST_SLICE))


def _begin(company_id: int, rule: str, actor: User | None, at: datetime) -> int:
    params: list[Any] = [company_id, company_id, Rule(rule).value, actor.pk if actor else None, at]
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(sql.BEGIN_RUN[Rule(rule)], params)
                found = cursor.fetchone()
            if found is None:
                raise Blocked("Nothing that waits has stock that is free.")
            jobs.defer("orders.advance_run", run_id=found[0])
    except IntegrityError as error:
        raise Blocked("A run is under way: stop it, or wait until it is done.") from error
    return int(found[0])


def _mine(run_id: int, actor: User) -> AllocationRun:
    run: AllocationRun = AllocationRun.objects.for_user(actor).defer("demand_ids").locked().get(pk=run_id)
    return run
