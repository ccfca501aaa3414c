"""What orders keeps: customers, prices, taxes, reservations, sales orders with lines and parts, and the event log."""

from orders.models.allocating import AllocationRun, Rule
from orders.models.credit import CreditAccount, CreditEntry
from orders.models.customers import Customer, CustomerAddress, CustomerPart, InvoiceOn, ShipPolicy, Substitutes
from orders.models.events import CancelReason, MoveReason, OrderEvent
from orders.models.facets import Facet, Standing, facet_of
from orders.models.holds import Hold
from orders.models.intake import CustomerPO
from orders.models.pricing import Price, PriceList, TaxRate
from orders.models.reservations import Reservation, ReservationUse
from orders.models.sales import IN_PARCELS, IN_TOTES, LinePart, SalesOrder, SalesOrderLine
from orders.models.sheets import EntrySheet
from orders.models.substitutions import Substitution

__all__ = [
    "IN_PARCELS",
    "IN_TOTES",
    "AllocationRun",
    "CancelReason",
    "CreditAccount",
    "CreditEntry",
    "Customer",
    "CustomerAddress",
    "CustomerPO",
    "CustomerPart",
    "EntrySheet",
    "Facet",
    "Hold",
    "InvoiceOn",
    "LinePart",
    "MoveReason",
    "OrderEvent",
    "Price",
    "PriceList",
    "Reservation",
    "ReservationUse",
    "Rule",
    "SalesOrder",
    "SalesOrderLine",
    "ShipPolicy",
    "Standing",
    "Substitutes",
    "Substitution",
    "TaxRate",
    "facet_of",
]
