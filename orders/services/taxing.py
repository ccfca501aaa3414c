"""Tax rates: a rate by which orders were taxed stands, and what changes begins on a day of its own."""

from __future__ import annotations

from core.models import User
from core.refusals import Blocked
from core.roles import require
from core.transactions import atomic
from orders.models import TaxRate
from orders.queries.prices import has_taxed

KEEPS = "orders.tax"
STANDS = "Orders were taxed by this rate, so it stands. Add one that begins on the day from which another counts."


@atomic
def keep_rate(*, rate: TaxRate, actor: User) -> TaxRate:
    """Keep a rate of the actor's company as it was filled in, new or changed.

    :raises NotAllowed: where the actor may not keep taxes.
    :raises Blocked: where orders were taxed by it as it was.
    """
    require(actor, KEEPS)
    if rate.pk:
        _unused(rate.pk, actor)
    rate.save()
    return rate


@atomic
def drop_rate(*, rate_id: int, actor: User) -> None:
    """Take a rate away by which no order was taxed; its history stays.

    :raises NotAllowed: where the actor may not keep taxes.
    :raises Blocked: where orders were taxed by it.
    :raises TaxRate.DoesNotExist: where it is of another company.
    """
    require(actor, KEEPS)
    _unused(rate_id, actor).delete()


def _unused(rate_id: int, actor: User) -> TaxRate:
    """Lock a rate by which no order was taxed and return it as it stands."""
    rate: TaxRate = TaxRate.objects.for_user(actor).locked().get(pk=rate_id)
    if has_taxed(rate):
        raise Blocked(STANDS)
    return rate
