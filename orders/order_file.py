"""What a customer's file of orders tells in its columns, by the headings that partners use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.intake import cells, readers
from core.intake.columns import Column, Fault, Notation, plain

# Only this kind of export marks a cancelled document by a leading C; elsewhere C1001 is an ordinary number.
CANCELLING_HEADING, CANCELLED = "invoiceno", re.compile(r"[Cc][0-9]")


def _customer(cell: str, name: str, _notation: Notation) -> str:
    return cells.read_customer_number(cell, name)


def _moment(cell: str, name: str, notation: Notation) -> datetime:
    return cells.read_moment(cell, name, day_first=notation.day_first, tz=notation.zone, today=notation.today)


def _text(cell: str, _name: str, _notation: Notation) -> str:
    return " ".join(cell.split())


COLUMNS = (
    Column(
        "po_number",
        "PO number",
        readers.code(may_have_blanks=True),
        """po pono purchaseorder purchaseorderno purchaseordernumber customerpo order orderno ordernumber orderid
        invoiceno invoicenumber""",
    ),
    Column(
        "customer",
        "customer",
        _customer,
        "customerno customernumber customerid customercode account accountno accountnumber",
    ),
    Column(
        "sku",
        "SKU",
        readers.code(may_have_blanks=True),
        """stockcode product productcode productid productno item itemno itemnumber itemcode article articleno
        articlenumber""",
    ),
    Column(
        "quantity", "quantity", readers.number(), "qty orderquantity orderqty orderedquantity pieces", writes="number"
    ),
    Column("price", "price", readers.number(), "unitprice netprice", writes="number"),
    Column("ordered_at", "date", _moment, "orderdate orderedat orderedon podate invoicedate", writes="day"),
    Column("description", "description", _text, "text name productname itemname itemdescription", is_required=False),
    Column(
        "channel",
        "channel",
        readers.optional(readers.code(20)),
        "channelcode saleschannel soldthrough",
        is_required=False,
        help="The code of the channel in which it is sold; the customer's where nothing is said",
    ),
)


def key(values: Mapping[str, Any]) -> str:
    """Return what rows of one order have in common: the customer and their PO number.

    :raises KeyError: where one of them could not be read.
    """
    return f"{values['customer']}\n{values['po_number']}"


def judge(told: Mapping[str, str], headings: Mapping[str, str]) -> Fault | None:
    """Refuse the rows of an export that are cancellations."""
    heading = headings["po_number"]
    if plain(heading) == CANCELLING_HEADING and CANCELLED.match(told["po_number"]):
        return Fault(heading, f"{heading} {cells.shown(told['po_number'])} is a cancellation, not an order.")
    return None
