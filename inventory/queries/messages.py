"""What inventory writes to partners: the message with an order to a supplier, and what of the order can stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.letters import MessageKind, Sample, Wording
from core.models import User
from inventory.models import SupplierOrder
from inventory.queries.supply import paper

SUPPLIER_ORDER = "supplier_order"


def facts_of(paper: Mapping[str, Any]) -> dict[str, str]:
    """Return what of an order's paper can stand in the message with it, by place."""
    count = len(paper["lines"])
    return {
        "number": paper["number"],
        "supplier": paper["supplier"]["name"],
        "lines": f"{count} line" if count == 1 else f"{count} lines",
        "count": str(count),
        "deliver_to": paper["deliver_to"]["name"],
        "company": paper["buyer"]["name"],
        "address": "\n".join(paper["buyer"]["address"]),
    }


def _newest(user: User) -> Sample | None:
    orders = SupplierOrder.objects.for_user(user).select_related("company", "supplier", "warehouse")
    newest = orders.exclude(status=SupplierOrder.Status.CANCELLED).order_by("-pk").first()
    return Sample(newest.number, facts_of(paper(newest))) if newest else None


SUPPLIER_ORDER_MESSAGE = MessageKind(
    label="Order to a supplier",
    about="Goes out with the order as a PDF when a buyer sends it by e-mail, in the language of the supplier.",
    places={
        "number": "The order's number",
        "supplier": "The supplier's name",
        "lines": "How many lines it has, in English: 3 lines",
        "count": "How many lines it has: 3",
        "deliver_to": "The warehouse that it is delivered to",
        "company": "Your company's name",
        "address": "Your company's address, on its lines",
    },
    original=Wording(
        "Purchase order {number} from {company}",
        "Dear {supplier},\n\nplease find attached our purchase order {number} with {lines}, for delivery to"
        " {deliver_to}. Please confirm the dates by answering this e-mail.\n\nKind regards\n{company}\n{address}\n",
    ),
    sample=_newest,
)
