"""Taking files of customers in, and giving customers as such a file: terms, where bills go, and where goods go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core import intake
from core.addresses import is_country
from core.intake import Column, Group, ImportKind, Origin, RowResult, readers
from core.intake.cells import CellError, shown
from core.intake.columns import Notation
from core.models import User, validate_language
from core.roles import require
from core.transactions import atomic
from inventory.models import Channel
from orders.models import Customer, CustomerAddress, PriceList

INVOICE_ON = {"dispatch": "DISPATCH", "confirm": "CONFIRM"}
LONGEST_TERMS = 366
_PARTS = ("name", "street", "city", "postcode", "country")
_PLAIN = (
    *("name", "email", "phone", "vat_number", "terms_days", "tax_exemption", "exempt_until", "invoice_on"),
    *("joins_invoices", "language", "is_active"),
)


def _email(cell: str, name: str, _notation: Notation) -> str:
    if cell:
        try:
            validate_email(cell)
        except ValidationError as error:
            raise CellError(f"{name} {shown(cell)} is no e-mail address.") from error
    return cell


def _language(cell: str, name: str, _notation: Notation) -> str:
    try:
        validate_language(cell)
    except ValidationError as error:
        raise CellError(f"{name} {shown(cell)} is no language, such as en or de-AT.") from error
    return cell


def _country(cell: str, name: str, _notation: Notation) -> str:
    if cell and not is_country(cell.upper()):
        raise CellError(f"{name} {shown(cell)} is no country of ISO 3166: write two letters, such as GB.")
    return cell.upper()


def _address(prefix: str, label: str, help_text: str) -> tuple[Column, ...]:
    lengths = {"name": 120, "street": 160, "city": 80, "postcode": 16}
    return tuple(
        Column(
            f"{prefix}_{part}",
            f"{label} {part}",
            _country if part == "country" else readers.text(lengths[part]),
            f"{prefix}{part}",
            is_required=False,
            help=help_text if part == "name" else "",
        )
        for part in _PARTS
    )


COLUMNS = (
    Column("number", "number", readers.code(20), "customer customernumber customerno customerid account accountnumber"),
    Column("name", "name", readers.text(120, may_be_empty=False), "customername company"),
    Column("email", "e-mail", _email, "mail emailaddress", is_required=False),
    Column("phone", "phone", readers.text(40), "telephone", is_required=False),
    Column("vat_number", "VAT number", readers.text(30), "vat vatid", is_required=False),
    Column(
        "price_list",
        "price list",
        readers.optional(readers.code(20)),
        "pricelistcode",
        is_required=False,
        help="The code of a list; your only one where nothing is said",
    ),
    Column(
        "channel",
        "channel",
        readers.optional(readers.code(20)),
        "channelcode saleschannel",
        is_required=False,
        help="The code of the channel in which their orders are sold",
    ),
    Column(
        "terms_days",
        "days to pay",
        readers.optional(readers.whole(LONGEST_TERMS)),
        "terms termsdays paymentterms",
        writes="number",
        is_required=False,
    ),
    Column("tax_exemption", "tax exemption", readers.text(60), "exemption", is_required=False),
    Column(
        "exempt_until", "exempt until", readers.optional(readers.day(years_ahead=100)), writes="day", is_required=False
    ),
    Column(
        "invoice_on",
        "invoiced on",
        readers.optional(readers.choice(INVOICE_ON)),
        is_required=False,
        help="dispatch or confirm",
    ),
    Column("joins_invoices", "joins invoices", readers.optional(readers.yes), is_required=False, help="yes or no"),
    Column("language", "language", readers.optional(_language), is_required=False),
    Column(
        "is_active", "may order", readers.optional(readers.yes), "active isactive", is_required=False, help="yes or no"
    ),
    *_address("bill", "bill-to", "Where bills go; both addresses may be the same"),
    *_address("ship", "ship-to", "Where goods go; as bill-to where nothing is said"),
)


@dataclass(slots=True)
class _Standing:
    """What is there of a customer when a row comes for it."""

    customer: Customer
    bill: CustomerAddress | None = None
    ship: CustomerAddress | None = None


@atomic
def take_customers(*, groups: Sequence[Group], origin: Origin, actor: User, at: datetime) -> Mapping[int, RowResult]:
    """Make customers of rows, or change those that stand by their number; what a row does not say stays as it is.

    :raises NotAllowed: where the actor may not change customers.
    """
    require(actor, "orders.change_customer")
    rows = {group.rows[0].values["number"]: group.rows[0] for group in groups}
    lists = dict(PriceList.objects.filter(company=origin.company_id).order_by("code").values_list("code", "pk"))
    channels = dict(Channel.objects.filter(company=origin.company_id).order_by("code").values_list("code", "pk"))
    standing = _standing(origin.company_id, list(rows))
    results: dict[int, RowResult] = {}
    for number, row in rows.items():
        one = standing.get(number) or _Standing(
            Customer(company_id=origin.company_id, number=number, language=actor.company.language)
        )
        fault = (
            _list_fault(one.customer, row.values, lists)
            or _channel_fault(row.values, channels)
            or _address_fault(row.values)
        )
        if fault is not None:
            results[row.number] = origin.refused(*fault)
            continue
        is_new = one.customer._state.adding
        is_changed = _save_customer(one.customer, row.values, lists, channels)
        is_changed = _save_addresses(one, row.values) or is_changed
        made = one.customer.pk
        results[row.number] = (
            intake.loaded(made) if is_new or is_changed else intake.same("It stands so already.", made)
        )
    return results


def _standing(company_id: int, numbers: Sequence[str]) -> dict[str, _Standing]:
    customers: Any = Customer.objects.filter(company=company_id, number__in=numbers)
    found = {customer.pk: _Standing(customer) for customer in customers.locked()}
    addresses = CustomerAddress.objects.filter(customer__in=found)
    for address in addresses.order_by("pk"):
        if address.is_bill_to:
            found[address.customer_id].bill = address
        if address.is_ship_to:
            found[address.customer_id].ship = address
    return {one.customer.number: one for one in found.values()}


def _list_fault(customer: Customer, said: Mapping[str, Any], lists: Mapping[str, int]) -> tuple[str, str] | None:
    code = said.get("price_list")
    if code is not None and code not in lists:
        return "price_list", f"There is no price list {code}. There is {', '.join(lists) or 'none yet'}."
    if code is None and customer._state.adding and len(lists) != 1:
        return "price_list", "Say which price list counts."
    return None


def _channel_fault(said: Mapping[str, Any], channels: Mapping[str, int]) -> tuple[str, str] | None:
    code = said.get("channel")
    if code is not None and code not in channels:
        return "channel", f"There is no channel {code}. There is {', '.join(channels) or 'none yet'}."
    return None


def _address_fault(said: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what is missing of an address that is begun."""
    for prefix in ("bill", "ship"):
        if any(said.get(f"{prefix}_{part}") for part in _PARTS):
            for part in ("street", "city", "country"):
                if not said.get(f"{prefix}_{part}"):
                    return f"{prefix}_{part}", f"The address where {_GOES[prefix]} go has no {part}."
    return None


_GOES = {"bill": "bills", "ship": "goods"}


def _save_customer(
    customer: Customer, said: Mapping[str, Any], lists: Mapping[str, int], channels: Mapping[str, int]
) -> bool:
    """Save a customer where a row changes them, and say whether it does."""
    wanted = {
        name: said[name] for name in _PLAIN if name in said and (said[name] is not None or name == "exempt_until")
    }
    if said.get("price_list") is not None:
        wanted["price_list_id"] = lists[said["price_list"]]
    elif customer._state.adding:
        wanted["price_list_id"] = next(iter(lists.values()))
    if said.get("channel") is not None:
        wanted["channel_id"] = channels[said["channel"]]
    if not customer._state.adding and all(getattr(customer, name) == value for name, value in wanted.items()):
        return False
    for name, value in wanted.items():
        setattr(customer, name, value)
    customer.save()
    return True


def _save_addresses(one: _Standing, said: Mapping[str, Any]) -> bool:
    """Save where bills and goods go, and say whether that is new; of one address for both there is one row."""
    bill = _said_address("bill", said, one.customer)
    ship = _said_address("ship", said, one.customer) or (bill if one.ship is None else None)
    bill = bill or (ship if one.bill is None else None)
    is_shared = one.bill is not None and one.ship is not None and one.bill.pk == one.ship.pk
    is_changed = False
    if bill is not None and _differs(one.bill, bill):
        moves_alone = is_shared and ship is not None and not _differs(one.ship, ship)
        if moves_alone:
            assert one.bill is not None
            CustomerAddress.objects.filter(pk=one.bill.pk).update(is_bill_to=False)
        one.bill = _saved(None if moves_alone else one.bill, one.customer, bill, is_bill_to=True)
        is_shared, is_changed = is_shared and not moves_alone, True
        if is_shared:
            one.ship = one.bill
    if ship is not None and _differs(one.ship, ship):
        if one.bill is not None and not _differs(one.bill, ship):
            if one.ship is not None:
                CustomerAddress.objects.filter(pk=one.ship.pk).update(is_ship_to=False)
            one.ship = _saved(one.bill, one.customer, ship, is_ship_to=True)
        elif is_shared:
            assert one.bill is not None
            CustomerAddress.objects.filter(pk=one.bill.pk).update(is_ship_to=False)
            one.ship = _saved(None, one.customer, ship, is_ship_to=True)
        else:
            one.ship = _saved(one.ship, one.customer, ship, is_ship_to=True)
        is_changed = True
    return is_changed


def _said_address(prefix: str, said: Mapping[str, Any], customer: Customer) -> dict[str, str] | None:
    if not said.get(f"{prefix}_street"):
        return None
    found = {part: said.get(f"{prefix}_{part}") or "" for part in _PARTS}
    return {**found, "name": found["name"] or customer.name}


def _differs(address: CustomerAddress | None, wanted: Mapping[str, str]) -> bool:
    return address is None or any(getattr(address, part) != value for part, value in wanted.items())


def _saved(
    address: CustomerAddress | None, customer: Customer, wanted: Mapping[str, str], **flags: bool
) -> CustomerAddress:
    address = address or CustomerAddress(customer=customer)
    for name, value in {**wanted, **flags}.items():
        setattr(address, name, value)
    address.save()
    return address


def customer_rows(user: User) -> Iterator[Sequence[Any]]:
    """Yield every customer of the person's company as a row of such a file."""
    words = {stored: word for word, stored in INVOICE_ON.items()}
    customers: Any = (
        Customer.objects.for_user(user).select_related("price_list", "channel").prefetch_related("addresses")
    )
    for customer in customers.order_by("number").iterator(chunk_size=500):
        addresses = list(customer.addresses.all())
        bill = next((address for address in addresses if address.is_bill_to), None)
        ship = next((address for address in addresses if address.is_ship_to), None)
        yield (
            *(customer.number, customer.name, customer.email, customer.phone, customer.vat_number),
            *(customer.price_list.code, customer.channel.code if customer.channel else ""),
            *(customer.terms_days, customer.tax_exemption),
            customer.exempt_until.isoformat() if customer.exempt_until else "",
            words[customer.invoice_on],
            *("yes" if flag else "no" for flag in [customer.joins_invoices]),
            customer.language,
            "yes" if customer.is_active else "no",
            *(getattr(address, part) if address else "" for address in (bill, ship) for part in _PARTS),
        )


CUSTOMERS = ImportKind(
    name="customers",
    label="Customers",
    noun="customer",
    verb="orders.change_customer",
    columns=COLUMNS,
    key=intake.by("number"),
    is_unique=True,
    slice=200,
    load=take_customers,
    rows=customer_rows,
    page="orders:customers",
    icon="customers",
    about="One row for each customer, by their number: who is new is made, who stands is changed to what the row says.",
)
