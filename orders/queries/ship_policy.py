"""Reads of what a customer's rule keeps from the warehouse until more of the order has stock (PRODUCT.md E5)."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, Sum

from orders.models import LinePart, ShipPolicy

# For statements of other apps: whether a part may go; {order} is the alias of its order, {line} the part's line
MAY_GO = """(
    {order}.ship_policy = 'PARTIAL' AND {order}.ship_minimum = 0
    OR NOT EXISTS (
        SELECT 1 FROM orders_linepart wp JOIN inventory_demand wd ON wd.id = wp.demand_id
        WHERE wp.order_id = {order}.id AND wd.backordered > 0
            AND ({order}.ship_policy = 'ORDER' OR {order}.ship_policy = 'LINE' AND wp.line_id = {line})
    ) AND (
        SELECT sum(md.allocated + md.picked) * 100 >= sum(md.quantity) * {order}.ship_minimum
        FROM orders_linepart mp JOIN inventory_demand md ON md.id = mp.demand_id WHERE mp.order_id = {order}.id
    )
)"""


def part_may_go() -> Q:
    """Return whether a part's order lets it go to the warehouse, for a query over parts; as MAY_GO."""
    waiting = LinePart.objects.filter(demand__backordered__gt=0, order=OuterRef("order_id"))
    units = LinePart.objects.filter(order=OuterRef("order_id")).order_by().values("order")
    units = units.annotate(have=Sum(F("demand__allocated") + F("demand__picked")), want=Sum("demand__quantity"))
    enough = units.filter(have__gte=F("want") * OuterRef("order__ship_minimum") / 100)
    whole = (
        Q(order__ship_policy=ShipPolicy.PARTIAL)
        | Q(~Exists(waiting.filter(line=OuterRef("line_id"))), order__ship_policy=ShipPolicy.LINE)
        | Q(~Exists(waiting), order__ship_policy=ShipPolicy.ORDER)
    )
    return Q(order__ship_policy=ShipPolicy.PARTIAL, order__ship_minimum=0) | (whole & Q(Exists(enough)))


def sentence(policy: str, minimum: int, lines_waiting: int) -> str:
    """Say why allocated stock of an order stays where it is."""
    waits = "1 line waits" if lines_waiting == 1 else f"{lines_waiting} lines wait"
    if policy == ShipPolicy.ORDER:
        return f"The customer takes the whole order at once: {waits} for stock."
    if minimum:
        return f"The customer takes {minimum} % of the units at least: {waits} for stock."
    return f"The customer takes whole lines only: {waits} for stock."
