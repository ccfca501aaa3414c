"""How far orders' parts of a company's set-up are, and what rests on what the company says of itself."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from core.models import User
from core.registry import Found, SetUpPart, Stage
from core.setting_up import counted
from orders.models import Customer, Price, SalesOrder, TaxRate


def prices_found(user: User, _at: datetime) -> Found:
    """Say whether anything has a price."""
    there = counted(Price.objects.for_user(user), "price")
    return Found(there, "" if there else "None yet: an order takes its prices from its customer's list.")


def taxes_found(user: User, at: datetime) -> Found:
    """Say which tax rates count today, and whether one counts at home."""
    company = user.company
    today = at.astimezone(company.zone).date()
    rates = TaxRate.objects.for_user(user).filter(valid_from__lte=today)
    at_home = rates.filter(Q(country=company.country) | Q(country="")).exists()
    return Found(counted(rates, "rate"), "" if at_home else f"None yet for what is sold within {company.country}.")


def customers_found(user: User, _at: datetime) -> Found:
    """Say who can order."""
    customers = Customer.objects.for_user(user)
    there = counted(customers, "customer")
    if not there:
        return Found("", "None yet: add one, or import them.")
    addressed = customers.filter(addresses__is_bill_to=True).exists()
    return Found(there, "" if addressed else "None of them has an address for bills yet.")


def company_freezes(company_id: int) -> dict[str, str]:
    """Say that currency and time zone stand once there are orders."""
    if not SalesOrder.objects.filter(company=company_id).exists():
        return {}
    return {
        "currency": "Stands: orders are reckoned in it.",
        "time_zone": "Stands: the days of its orders begin and end by it.",
    }


PARTS = (
    SetUpPart("Prices", Stage.ORDER, "orders:price_lists", "For how much.", prices_found),
    SetUpPart("Taxes", Stage.ORDER, "orders:tax_rates", "What is due on top.", taxes_found),
    SetUpPart("Customers", Stage.ORDER, "orders:customers", "Who buys.", customers_found),
)
