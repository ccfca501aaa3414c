"""Reads of orders that services begin with: the orders of a person's companies under their locks."""

from __future__ import annotations

from django.db.models import F, QuerySet

from core.reading import Among, Given, compiled
from orders.models import CreditAccount, SalesOrder


@compiled
def locked_orders(company_ids: Given, order_ids: Given) -> QuerySet[SalesOrder]:
    """Lock orders by their ids, those of the companies only."""
    return SalesOrder.objects.filter(Among(F("company_id"), company_ids), Among(F("pk"), order_ids)).locked()


@compiled
def locked_accounts(customer_ids: Given) -> QuerySet[CreditAccount]:
    """Lock those of customers' credit accounts that are kept."""
    return CreditAccount.objects.kept().filter(Among(F("pk"), customer_ids)).locked()


@compiled
def locked_orders_after_credit(company_ids: Given, order_ids: Given) -> QuerySet[SalesOrder]:
    """Lock orders by their ids, those of the companies only, after those of their customers' accounts that are kept."""
    orders = SalesOrder.objects.filter(Among(F("company_id"), company_ids), Among(F("pk"), order_ids))
    return orders.locked_after_credit()


@compiled
def locked_orders_with_parties(company_ids: Given, order_ids: Given) -> QuerySet[SalesOrder]:
    """Lock orders by their ids, those of the companies only, and bring their company and customer."""
    orders = SalesOrder.objects.filter(Among(F("company_id"), company_ids), Among(F("pk"), order_ids))
    return orders.select_related("company", "customer").locked()


@compiled
def locked_orders_to_bill(company_ids: Given, order_ids: Given) -> QuerySet[SalesOrder]:
    """Lock orders as `locked_orders_after_credit` does, and bring their company and customer."""
    orders = SalesOrder.objects.filter(Among(F("company_id"), company_ids), Among(F("pk"), order_ids))
    return orders.select_related("company", "customer").locked_after_credit()
