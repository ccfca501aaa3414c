"""Telling those who follow an order that it is late, which no event says."""

from __future__ import annotations

from datetime import datetime

from django.db.models import DateField, Exists, OuterRef, Subquery, Value

from core.models import Company, Follower, Notice
from core.transactions import atomic
from orders.models import SalesOrder
from orders.queries.queue import IS_LATE

KIND = "salesorder"


def tell_of_late_orders(*, at: datetime) -> int:
    """Tell the followers of each order that should have left, once; return how many were told."""
    return sum(_tell(company, at) for company in Company.objects.order_by("pk"))


@atomic
def _tell(company: Company, at: datetime) -> int:
    today = at.astimezone(company.zone).date()
    late = (
        SalesOrder.objects.filter(company=company, pk=OuterRef("document_id"))
        .annotate(today=Value(today, output_field=DateField()))
        .filter(IS_LATE)
    )
    told = Notice.objects.filter(
        company=company, kind=KIND, what=Notice.What.LATE, user=OuterRef("user"), document_id=OuterRef("document_id")
    )
    followers = Follower.objects.filter(~Exists(told), company=company, kind=KIND).annotate(
        late=Subquery(late.values("pk")[:1]), number=Subquery(late.values("number")[:1])
    )
    new = [
        Notice(
            company=company,
            user_id=follower.user_id,
            kind=KIND,
            document_id=follower.document_id,
            label=follower.number or f"draft {follower.document_id}",
            what=Notice.What.LATE,
            at=at,
        )
        for follower in followers.filter(late__isnull=False).order_by("pk")
    ]
    Notice.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)
