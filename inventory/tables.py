"""The columns of inventory's queues: their headings, what they sort by and what a file of them says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import django_tables2 as tables

from core.models import Membership
from core.tables import LESS, LESS_NUMBER, NUMBER, WIDE_NUMBER
from inventory.models import Bin, BrokenPeg, PlanningFigure, Product, SupplierOrder


class ProductQueueTable(tables.Table):
    """Products, as in templates/inventory/products/_queue_row.html."""

    sku = tables.Column("SKU")
    name = tables.Column("Name", order_by="sort_key")
    kind = tables.Column("Kind", orderable=False, attrs=LESS)
    gtin = tables.Column("GTIN", orderable=False, attrs=LESS)
    free = tables.Column("Free stock", orderable=False, attrs=NUMBER)
    unit = tables.Column("Unit", visible=False, accessor="unit__code")
    is_active = tables.Column("State", orderable=False)
    created_at = tables.Column("Added", attrs=LESS_NUMBER)

    class Meta:
        orderable = True

    def value_free(self, record: Product, value: Decimal) -> Decimal | None:
        """Return the free stock for the file; what is not stocked has none."""
        return value.normalize() if record.kind == Product.Kind.STOCK else None

    def value_is_active(self, value: bool) -> str:
        """Return the state's word for the file."""
        return "Open" if value else "Closed"

    def value_created_at(self, record: Product) -> str:
        """Return the moment in the international form."""
        return record.created_at.isoformat(timespec="seconds")


class SupplierTable(tables.Table):
    """Suppliers, as in templates/inventory/supply/_supplier_row.html."""

    code = tables.Column("Code")
    name = tables.Column("Name")
    items_sold = tables.Column("Items", orderable=False, attrs=NUMBER)
    orders_open = tables.Column("On their way", orderable=False, attrs=NUMBER)
    lead_days = tables.Column("Lead time in days", attrs=LESS_NUMBER)
    is_active = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_is_active(self, value: bool) -> str:
        """Return the state's word for the file."""
        return "Open" if value else "Closed"


class SupplierOrderTable(tables.Table):
    """Supplier orders, as in templates/inventory/supply/_order_row.html."""

    number = tables.Column("Order", order_by="pk", empty_values=())
    supplier = tables.Column("Supplier", accessor="supplier__name", orderable=False)
    warehouse = tables.Column("For", accessor="warehouse__name", orderable=False, attrs=LESS)
    line_count = tables.Column("Lines", orderable=False, attrs=LESS_NUMBER)
    cost = tables.Column("Cost", orderable=False, attrs=LESS_NUMBER)
    expected_on = tables.Column("Expected", attrs=NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_expected_on(self, record: SupplierOrder) -> str:
        """Return the day in the international form."""
        return record.expected_on.isoformat()


class BrokenPegTable(tables.Table):
    """Broken promises, as in templates/inventory/supply/_question_row.html."""

    product = tables.Column("Item", accessor="supply__product__sku", orderable=False)
    quantity = tables.Column("Units", orderable=False, attrs=NUMBER)
    supply = tables.Column("Supplier order", accessor="supply__order__number", orderable=False)
    supplier = tables.Column("Supplier", accessor="supply__order__supplier__name", orderable=False, attrs=LESS)
    demand = tables.Column("Order", accessor="demand_id", orderable=False, exclude_from_export=True)
    asked_at = tables.Column("Since", attrs=LESS_NUMBER)
    status = tables.Column("State", orderable=False)

    class Meta:
        orderable = True

    def value_asked_at(self, record: BrokenPeg) -> str:
        """Return the moment in the international form."""
        return record.asked_at.isoformat(timespec="seconds")


class ReorderRuleTable(tables.Table):
    """Reorder points, as in templates/inventory/supply/_rule_row.html."""

    product = tables.Column("Item", accessor="product__sku", order_by="product__sku")
    warehouse = tables.Column("In", accessor="warehouse__name", orderable=False)
    reorder_point = tables.Column("Below", orderable=False, attrs=NUMBER)
    order_up_to = tables.Column("Fill up to", orderable=False, attrs=NUMBER)
    safety_stock = tables.Column("Safety stock", orderable=False, attrs=LESS_NUMBER)

    class Meta:
        orderable = True


class PlanningTable(tables.Table):
    """What planning says of stock, as in templates/inventory/supply/_planning_row.html."""

    product = tables.Column("Item", accessor="product__sku", order_by="product__sku")
    name = tables.Column("Name", accessor="product__name", orderable=False)
    warehouse = tables.Column("In", accessor="warehouse__code", orderable=False)
    value_class = tables.Column("Class", empty_values=())
    daily = tables.Column("A day", attrs=WIDE_NUMBER)
    units_left = tables.Column("Left in 360 days", visible=False)
    value_left = tables.Column("Cost of what left", visible=False)
    on_hand = tables.Column("On hand", attrs=LESS_NUMBER)
    free = tables.Column("Free", visible=False)
    coming = tables.Column("Coming for nobody", visible=False)
    cover_days = tables.Column("Cover", attrs=NUMBER)
    reorder_point = tables.Column("Reorder at", orderable=False, attrs=LESS_NUMBER)
    kept = tables.Column("Kept", orderable=False, attrs=WIDE_NUMBER)
    safety_stock = tables.Column("Safety stock", visible=False)
    safety_worth = tables.Column("Safety costs", orderable=False, attrs=WIDE_NUMBER)
    lead_days = tables.Column("Lead time in days", visible=False)
    left_at = tables.Column("Last left", attrs=WIDE_NUMBER)
    value = tables.Column("Value", attrs=WIDE_NUMBER)
    state = tables.Column("State", orderable=False)
    concerned = tables.Column("Units", orderable=False, attrs=NUMBER)
    worth = tables.Column("Money in it", attrs=NUMBER)
    as_of = tables.Column("As of", visible=False)

    class Meta:
        orderable = True

    def value_value_class(self, record: PlanningFigure) -> str:
        """Return both classes."""
        return record.value_class + record.unit_class

    def value_left_at(self, record: PlanningFigure) -> str:
        """Return the moment in the international form."""
        return record.left_at.isoformat(timespec="seconds") if record.left_at else ""

    def value_as_of(self, record: PlanningFigure) -> str:
        """Return the moment in the international form."""
        return record.as_of.isoformat(timespec="seconds")


class WarehouseTable(tables.Table):
    """Warehouses, as in templates/inventory/sites/_warehouse_row.html."""

    name = tables.Column("Warehouse")
    code = tables.Column("Code")
    postcode = tables.Column("Where", orderable=False)
    priority = tables.Column("Rank", attrs=NUMBER)
    cut_off = tables.Column("Cut-off", orderable=False, attrs=NUMBER)
    calendar = tables.Column("Works by", orderable=False, attrs=LESS)
    lane_count = tables.Column("Lanes", orderable=False, attrs=LESS_NUMBER)


class BinTable(tables.Table):
    """Bins, as in templates/inventory/sites/_bin_row.html."""

    code = tables.Column("Bin")
    kind = tables.Column("Use", orderable=False)
    sequence = tables.Column("Walking order", attrs=NUMBER)
    product_count = tables.Column("Products", orderable=False, attrs=LESS_NUMBER)

    def value_kind(self, record: Bin) -> str:
        """Return the use's word for the file."""
        return str(record.get_kind_display())


class ChannelTable(tables.Table):
    """Channels, as in templates/inventory/channels/_channel_row.html."""

    name = tables.Column("Channel")
    code = tables.Column("Code")
    priority = tables.Column("Rank", attrs=NUMBER)
    pool_count = tables.Column("Pools", orderable=False, attrs=NUMBER)
    is_active = tables.Column("State", orderable=False)

    def value_is_active(self, value: bool) -> str:
        """Return the state's word for the file."""
        return "Open" if value else "Closed"


class PoolTable(tables.Table):
    """Pools of a channel, as in templates/inventory/channels/_pool_row.html."""

    sku = tables.Column("Item", accessor="level__product__sku", order_by="level__product__sku")
    name = tables.Column("Name", accessor="level__product__name", orderable=False)
    warehouse = tables.Column("In", accessor="level__warehouse__name", orderable=False)
    allotment = tables.Column("Keeps", orderable=False, attrs=NUMBER)
    cap = tables.Column("Promised", orderable=False, attrs=NUMBER, exclude_from_export=True)
    open = tables.Column("Can have", accessor="pk", orderable=False, attrs=NUMBER, exclude_from_export=True)
    free = tables.Column("Free there", orderable=False, attrs=LESS_NUMBER)
    others = tables.Column("Others keep", accessor="pk", orderable=False, attrs=LESS_NUMBER, exclude_from_export=True)
    overflow = tables.Column("Beyond", orderable=False, attrs=LESS)


class PeopleTable(tables.Table):
    """People, as in templates/inventory/people/_person_row.html."""

    user__name = tables.Column("Name")
    user__email = tables.Column("E-mail address")
    roles = tables.Column("Roles", orderable=False)
    warehouses = tables.Column("Works in", orderable=False, accessor="site_names", attrs=LESS)
    has_second_step = tables.Column("Second step", orderable=False, attrs=LESS)
    user__last_login = tables.Column("Signed in last", attrs=LESS_NUMBER)

    def value_roles(self, record: Membership) -> str:
        """Return the roles in words."""
        return ", ".join(record.role_names)

    def value_has_second_step(self, value: bool) -> str:
        """Return it in a word."""
        return "On" if value else "Off"

    def value_warehouses(self, value: list[str]) -> str:
        """Return the warehouses by name."""
        return ", ".join(value) or "All warehouses"


class CalendarTable(tables.Table):
    """Calendars, as in templates/inventory/sites/_calendar_row.html."""

    name = tables.Column("Calendar")
    weekdays = tables.Column("Works on", orderable=False)
    holidays = tables.Column("Next holiday", orderable=False, attrs=NUMBER)
    site_count = tables.Column("Sites", orderable=False, attrs=LESS_NUMBER)

    def value_weekdays(self, value: list[int]) -> str:
        """Return the days of the week as ISO 8601 numbers them."""
        return " ".join(str(day) for day in sorted(value))

    def value_holidays(self, value: list[date]) -> str:
        """Return all holidays."""
        return " ".join(day.isoformat() for day in value)
