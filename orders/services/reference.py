"""Taking reference data away: a price from its list, a customer's own number of a product."""

from __future__ import annotations

from core.models import User
from core.roles import require
from core.transactions import atomic
from orders.models import CustomerPart, Price


@atomic
def drop_price(*, price_id: int, actor: User) -> None:
    """Take a price off its list; orders that were taken in keep theirs, and the history keeps what it was.

    :raises NotAllowed: where the actor may not change prices.
    :raises Price.DoesNotExist: where it is of another company.
    """
    require(actor, "orders.price")
    Price.objects.for_user(actor).locked().get(pk=price_id).delete()


@atomic
def drop_part(*, part_id: int, actor: User) -> None:
    """Forget a customer's own number of a product.

    :raises NotAllowed: where the actor may not change customers.
    :raises CustomerPart.DoesNotExist: where it is of another company.
    """
    require(actor, "orders.change_customer")
    CustomerPart.objects.for_user(actor).locked().get(pk=part_id).delete()
