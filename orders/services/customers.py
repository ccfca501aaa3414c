"""Customers' addresses: at most one of them takes the bills, and at most one the goods unless said otherwise."""

from __future__ import annotations

from core.models import User
from core.roles import require
from core.transactions import atomic
from orders.models import Customer, CustomerAddress


@atomic
def keep_address(*, address: CustomerAddress, actor: User) -> int:
    """Save a customer's address; bills or goods that go there now go to no other address of theirs. Returns its key.

    :raises NotAllowed: where the actor may not change customers.
    :raises Customer.DoesNotExist: where the customer is of another company.
    """
    require(actor, "orders.change_customer")
    customer = Customer.objects.for_user(actor).locked().get(pk=address.customer_id)
    if not CustomerAddress.objects.filter(customer=customer).exists():
        address.is_bill_to = address.is_ship_to = True
    others = CustomerAddress.objects.filter(customer=customer).exclude(pk=address.pk)
    if address.is_bill_to:
        others.filter(is_bill_to=True).update(is_bill_to=False)
    if address.is_ship_to:
        others.filter(is_ship_to=True).update(is_ship_to=False)
    address.save()
    return address.pk
