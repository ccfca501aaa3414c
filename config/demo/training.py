"""The training company: the demo's last weeks beside a real company, for everybody who works there."""

from __future__ import annotations

import io
import lzma
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from config.demo import reference, today
from config.demo.documents import Plan, read_plan
from config.demo.history import History
from core.models import Company, Membership, User
from core.roles import Role

# The end of the demo's past is enough to practice on, and made in a minute
DAYS = timedelta(days=40)
BEING_FILLED = "Training, being filled"


def history() -> Plan:
    """Return the demo's whole past, sorted out."""
    data = lzma.decompress((reference.FOLDER / "history.csv.xz").read_bytes()).decode()
    return read_plan(io.StringIO(data, newline=""))


def last_days(plan: Plan, days: timedelta) -> Plan:
    """Return the end of a plan, with what takes back orders of these days only."""
    begin = plan.documents[-1].at - days
    documents = tuple(document for document in plan.documents if document.at >= begin)
    numbers = {document.number for document in documents}
    taken = {
        number: tuple(one for one in of_one if one.order in numbers)
        for number, of_one in plan.taken.items()
        if number in numbers
    }
    return replace(plan, documents=documents, taken=taken, refused=())


def make(*, company_id: int, user_id: int, replaces: int | None, now: datetime, days: timedelta = DAYS) -> int | None:
    """Make a training company, then let everybody of the real one work there instead of in the one that it replaces.

    The app role cannot empty ledgers: the old one is closed to everybody and stays until `purge_training` is run. Where
    another replaced it already, nothing is made. Return the new company's key.
    """
    with transaction.atomic():
        real = Company.objects.filter(pk=company_id, is_training=False).locked().get()
        if standing(real) != replaces:
            return None
        made = reference.make_company(
            code=f"{real.code[:12]}-t{next_number(real)}",
            name=BEING_FILLED,
            live_on=now.date() - today.LIVE_FOR,
            is_training=True,
        )
        if replaces is not None:
            Membership.objects.filter(company_id=replaces).delete()
        Membership.objects.create(user_id=user_id, company=made, roles=[Role.ADMINISTRATOR])
    admin = User.objects.get(pk=user_id)
    admin.chosen_company_id = made.pk
    plan = last_days(history(), days)
    world = reference.make_world(made, admin, since=today.beginning(plan, now))
    work = History(world, plan, today.pace_of(plan, now), lambda text: None)
    work.play()
    today.open_work(work)
    with transaction.atomic():
        made.name = f"Training · {real.name}"[:120]
        made.save(update_fields=["name"])
        Membership.objects.filter(company=made).delete()
        Membership.objects.bulk_create(
            Membership(user=job.user, company=made, roles=job.roles)
            for job in Membership.objects.filter(company=real).select_related("user")
        )
    return made.pk


def standing(real: Company) -> int | None:
    """Return the training company in which people of a real one work now."""
    people = Membership.objects.filter(company=real).values("user")
    found = Membership.objects.filter(user__in=people, company__is_training=True).order_by("-company")
    return found.values_list("company_id", flat=True).first()


def next_number(real: Company) -> int:
    """Return the number of the next training company of a real one; those that were removed leave gaps."""
    prefix = f"{real.code[:12]}-t"
    codes = Company.objects.filter(is_training=True, code__startswith=prefix).values_list("code", flat=True)
    numbers = [code.removeprefix(prefix) for code in codes]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
