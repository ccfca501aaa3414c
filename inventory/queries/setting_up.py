"""How far inventory's parts of a company's set-up are, and what rests on the company's currency."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from core.models import Membership, User
from core.people import ADMINISTERS
from core.registry import Found, SetUpPart, Stage
from core.setting_up import counted
from inventory.models import Bin, Calendar, Channel, Product, StockLevel, StockPosting, Supplier, Unit, Warehouse

# Without one of each nothing can be picked
NEEDED = (Bin.Kind.PICK, Bin.Kind.TOTE)


def units_found(user: User, _at: datetime) -> Found:
    """Say in what products can be counted."""
    there = counted(Unit.objects.for_user(user), "unit")
    return Found(there, "" if there else "None yet: a product is counted in one, such as pieces.")


def products_found(user: User, _at: datetime) -> Found:
    """Say what can be sold."""
    there = counted(Product.objects.for_user(user).exclude(kind=Product.Kind.BALANCE), "product")
    return Found(there, "" if there else "None yet: add one, or import them.")


def warehouses_found(user: User, _at: datetime) -> Found:
    """Say from where goods can be promised."""
    there = counted(Warehouse.objects.for_user(user), "warehouse")
    return Found(there, "" if there else "None yet: an order is promised from one.")


def bins_found(user: User, _at: datetime) -> Found:
    """Say in which warehouses goods have a place, and which of them cannot work yet."""
    sites = Warehouse.objects.for_user(user)
    without = [~Exists(Bin.objects.filter(warehouse=OuterRef("pk"), kind=kind)) for kind in NEEDED]
    lacking = list(sites.filter(without[0] | without[1]).values_list("name", flat=True)[:3])
    there = counted(Bin.objects.filter(warehouse__in=sites), "bin")
    if not there:
        return Found("", "None yet: goods lie in bins.")
    return Found(there, f"{', '.join(lacking)}: no bin to pick from, or no tote to pick into." if lacking else "")


def stock_found(user: User, _at: datetime) -> Found:
    """Say whether anything lies on a shelf."""
    there = counted(StockLevel.objects.for_user(user).filter(sellable__gt=0), "product in stock", "products in stock")
    return Found(there, "" if there else "Nothing on the shelves yet: import what is there, or receive goods.")


def suppliers_found(user: User, _at: datetime) -> Found:
    """Say from whom goods can come."""
    there = counted(Supplier.objects.for_user(user), "supplier")
    return Found(there, "" if there else "None yet.")


def calendars_found(user: User, _at: datetime) -> Found:
    """Say by which calendars sites work, and the company itself."""
    company, there = user.company, counted(Calendar.objects.for_user(user), "calendar")
    own = "" if company.is_always_open else f"The company’s own: {company.week}"
    return Found(there or own, "" if there or own else "None yet: all work on every day.")


def channels_found(user: User, _at: datetime) -> Found:
    """Say where orders are sold."""
    there = counted(Channel.objects.for_user(user), "channel")
    return Found(there, "" if there else "None yet: orders are sold through none.")


def people_found(user: User, _at: datetime) -> Found:
    """Say who works here."""
    people = Membership.objects.for_user(user).exclude(roles=[])
    others = people.exclude(user=user).exists()
    return Found(counted(people, "person", "people"), "" if others else "Nobody but you: give others their roles.")


def company_freezes(company_id: int) -> dict[str, str]:
    """Say that the currency stands once stock is valued in it."""
    if not StockPosting.objects.filter(company=company_id).exists():
        return {}
    return {"currency": "Stands: stock is valued in it."}


PARTS = (
    SetUpPart("Units", Stage.ORDER, "core:list", "In what products are counted.", units_found, url_args=("units",)),
    SetUpPart("Products", Stage.ORDER, "inventory:products", "What is sold.", products_found),
    SetUpPart("Warehouses", Stage.ORDER, "sites:warehouses", "From where goods come.", warehouses_found),
    SetUpPart("Bins", Stage.SHIP, "sites:warehouses", "Where goods lie.", bins_found),
    SetUpPart("Stock", Stage.SHIP, "core:imports", "What lies there.", stock_found),
    SetUpPart("People and roles", Stage.LATER, "people:people", "Who may do what.", people_found, ADMINISTERS),
    SetUpPart("Suppliers", Stage.LATER, "supply:suppliers", "From whom goods come.", suppliers_found),
    SetUpPart("Calendars", Stage.LATER, "sites:calendars", "On which days sites work.", calendars_found),
    SetUpPart("Channels", Stage.LATER, "channels:channels", "Where orders are sold.", channels_found),
)
