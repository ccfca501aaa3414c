"""What people key of an order: its lines are read here, and checked and priced by the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict
from django.utils.timezone import localtime

from core.intake.cells import CellError, read_number
from core.models import Audience, User
from core.models.notes import MAX_TEXT
from inventory.atp import Arrival, Availability
from inventory.models import Product
from inventory.queries.atp import available
from orders import services
from orders.models import Customer, SalesOrder, SalesOrderLine
from orders.queries import changes, entry
from orders.queries.promises import free_now
from orders.queries.queue import Stage

BLANK_ROWS = 5
# A browser's form holds about a thousand fields; who has more lines sends a file
MAX_ROWS = 180
LONGEST_AGO = timedelta(days=730)
CELLS = ("item", "quantity", "price", "discount")
# What the service calls otherwise than the form
_FIELD_OF = {"discount": "order_discount"}
_CELL_OF = {"product": "item", "quantity": "quantity", "price": "price", "discount_percent": "discount"}


@dataclass(slots=True)
class EntryRow:
    """One line as it was typed, with what it means and what is wrong with it, by cell."""

    key: str
    item: str = ""
    quantity: str = ""
    price: str = ""
    discount: str = ""
    product: Product | None = None
    promise: Availability | None = None
    quote: services.QuotedLine = field(default_factory=services.QuotedLine)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed into it."""
        return not any((self.item, self.quantity, self.price, self.discount))

    @property
    def list_price(self) -> str:
        """The price list's price as it would be typed."""
        return as_typed(self.quote.list_price)

    @property
    def stock(self) -> Stage | None:
        """Whether what is free of its product now is enough."""
        return free_now(self.promise, self.wanted or Decimal(0)) if self.promise else None

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """What becomes free later of its product, until there is enough."""
        return self.promise.until(self.wanted or Decimal(1)) if self.promise else ()

    @property
    def wanted(self) -> Decimal | None:
        """The quantity that was typed, where it is one."""
        try:
            return read_number(self.quantity, "Quantity", ".")
        except CellError:
            return None

    def forget_blanks(self) -> None:
        """Drop what is wrong with cells in which nothing was typed yet, while the line is being keyed."""
        self.errors = {cell: text for cell, text in self.errors.items() if getattr(self, cell)}

    def read(self) -> services.LineDraft | None:
        """Return the line as the service takes it, unless it has no product; what cannot be read is in `errors`."""
        quantity = self._number("quantity", "Quantity") or Decimal(0)
        price = self._number("price", "Price") if self.price else None
        discount = self._number("discount", "Discount") if self.discount else Decimal(0)
        if self.product is None:
            self.errors["item"] = f"There is no product {self.item}." if self.item else "Key a SKU or GTIN."
            return None
        return services.LineDraft(self.product.pk, quantity, price, discount or Decimal(0))

    def _number(self, cell: str, name: str) -> Decimal | None:
        text = getattr(self, cell).strip().removesuffix("%").strip()
        if cell != "quantity" and _is_nought(text):
            return Decimal(0)
        try:
            return read_number(text, name, ".")
        except CellError as error:
            self.errors[cell] = str(error)
            return None


def as_typed(price: Decimal | None) -> str:
    """Return a price as it would be typed."""
    if price is None:
        return ""
    return f"{price:.2f}" if price == round(price, 2) else f"{price.normalize():f}"


def _is_nought(text: str) -> bool:
    return bool(text) and not text.strip("0.,")


class OrderEntryForm(forms.Form):
    """An order as it is keyed. Valid means that the service would take it in as it stands.

    With an `order`, a draft, it is that which is changed: its customer is given, and what somebody else changed in it
    since the form was shown is said before it is overwritten.
    """

    customer = forms.CharField(max_length=160, error_messages={"required": "Say who orders: a number or a name."})
    po_number = forms.CharField(
        label="PO number", max_length=60, error_messages={"required": "Key the customer's PO number."}
    )
    ordered_on = forms.DateField(label="Ordered", error_messages={"required": "Say when it was ordered."})
    requested_on = forms.DateField(label="Requested", error_messages={"required": "Say for when it is wanted."})
    ship_to = forms.TypedChoiceField(label="Ship to", required=False, coerce=int, empty_value=None)
    channel = forms.TypedChoiceField(label="Channel", required=False, coerce=int, empty_value=None)
    order_discount = forms.CharField(label="Order discount", max_length=20, required=False)
    note = forms.CharField(
        max_length=MAX_TEXT,
        required=False,
        error_messages={"max_length": f"A note has at most {MAX_TEXT:,} characters: put the rest into a file."},
    )
    note_for = forms.ChoiceField(choices=Audience.choices, required=False)
    is_additional = forms.BooleanField(required=False)
    sheet = forms.UUIDField(required=False)

    def __init__(
        self,
        *args: Any,
        user: User,
        at: datetime,
        today: date,
        order: SalesOrder | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.at, self.today, self.order = user, at, today, order
        # The last change of the draft that who types knows of
        self.seen = changes.latest_changes([order.pk]).get(order.pk, 0) if order else 0
        self.buyer: Customer | None = None
        self.quote: services.Quote | None = None
        self.lines_error = ""
        self.rows: list[EntryRow] = list(_rows_of(self.data)) if self.is_bound else []
        self.drafts: list[tuple[EntryRow, services.LineDraft]] = []
        if order is not None:
            self.buyer = order.customer
        elif self.is_bound:
            self.buyer = entry.customer_meant(user, self.data.get("customer", ""))
        elif self.initial.get("customer"):
            self.buyer = entry.customer_meant(user, self.initial["customer"])
        self.addresses = list(self.buyer.addresses.order_by("-is_ship_to", "pk")) if self.buyer else []
        self.fields["ship_to"].choices = [  # type: ignore[attr-defined]
            (str(address.pk), str(address)) for address in self.addresses
        ] or [("", "The customer's address")]
        self.channels = entry.channels_for(user, order.channel_id if order else None)
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            ("", "The customer’s"),
            *((str(channel.pk), channel.name) for channel in self.channels),
        ]
        if order is not None:
            self.fields["customer"].required = False

    @property
    def token(self) -> UUID:
        """The form's own, under which what is typed into it is kept."""
        typed = self.data.get("sheet", "") if self.is_bound else ""
        try:
            return UUID(typed)
        except ValueError:
            return uuid4()

    def clean_customer(self) -> Customer:
        """Return the customer that was meant.

        :raises ValidationError: where that is nobody, or nobody in particular.
        """
        text = str(self.cleaned_data["customer"])
        if self.buyer is not None:
            return self.buyer
        like = [str(customer) for customer in entry.customers_like(self.user, text)[:2]]
        if len(like) == 1:
            raise ValidationError(f"There is no customer {text}. Do you mean {like[0]}?")
        if like:
            raise ValidationError(f"Several customers may be meant by {text}: pick one from the list.")
        raise ValidationError(f"There is no customer {text}.")

    def clean_ordered_on(self) -> date:
        """Return the day of the order.

        :raises ValidationError: where it lies ahead, or years ago.
        """
        day: date = self.cleaned_data["ordered_on"]
        if self.order is not None and day == self.order.ordered_on:
            return day  # it came with a file of old orders
        if day > self.today + timedelta(days=1):
            raise ValidationError("The order date lies ahead.")
        if day < self.today - LONGEST_AGO:
            raise ValidationError("The order date is more than two years ago.")
        return day

    def clean_order_discount(self) -> tuple[Decimal, Decimal]:
        """Return the amount and the percentage off the order, at most one of them above zero.

        :raises ValidationError: where what was typed is neither.
        """
        text = str(self.cleaned_data["order_discount"]).strip()
        number = text.removesuffix("%").strip()
        if not text or _is_nought(number):
            return Decimal(0), Decimal(0)
        try:
            value = read_number(number, "Discount", ".")
        except CellError as error:
            raise ValidationError(f"{error} Key an amount, or a percentage such as 5 %.") from error
        return (Decimal(0), value) if text.endswith("%") else (value, Decimal(0))

    def clean(self) -> dict[str, Any]:
        """Read the lines, and have the order priced and checked by the service."""
        self._note_changes_of_others()
        found = entry.products_meant(self.user, {row.item for row in self.rows}, self.buyer)
        stocked = {product.pk for product in found.values() if product.kind == Product.Kind.STOCK}
        kits = {product.pk for product in found.values() if product.kind == Product.Kind.KIT}
        promises: dict[int, Availability] = {}
        if self.user.can("inventory.view_stock"):
            channel = self.cleaned_data.get("channel") or (self.buyer.channel_id if self.buyer else None)
            promises = available(stocked, self.today, kits=kits, channel_id=channel)
        for row in self.rows:
            row.product = found.get(row.item)
            row.promise = promises.get(row.product.pk) if row.product else None
        lines = [(row, row.read()) for row in self.rows if not row.is_blank]
        self.drafts = [(row, line) for row, line in lines if line is not None]
        if not lines:
            self.lines_error = "An order needs at least one line: key a SKU and a quantity."
        elif len(lines) > MAX_ROWS:
            self.lines_error = f"More than {MAX_ROWS} lines are too many for a form: import them as a file."
        if self.buyer is not None:
            self.quote = services.quote_order(
                draft=self.draft(self.buyer),
                actor=self.user,
                at=self.at,
                order_id=self.order.pk if self.order else 0,
            )
            self._note(self.quote.errors)
            for (row, _line), quoted in zip(self.drafts, self.quote.lines, strict=True):
                row.quote = quoted
        return self.cleaned_data

    def _note_changes_of_others(self) -> None:
        """Say what somebody else changed in the draft since the form was shown; saving again overwrites it."""
        seen = self.data.get("seen", "")
        if self.order is None or not seen.isascii() or not seen.isdigit() or int(seen) == self.seen:
            return
        said = "; ".join(
            f"{event.actor or 'Orderly'} at {localtime(event.at):%H:%M}: {', '.join(words)}"
            for event, words in changes.changes_since(self.order.pk, int(seen))
        )
        self.add_error(
            None,
            f"This draft was changed since you opened it ({said}). Save again to overwrite that with what you typed.",
        )

    def _note(self, errors: Mapping[Any, str]) -> None:
        """Put what the service finds wrong beside its field, unless something is wrong there already."""
        for key, text in errors.items():
            if isinstance(key, tuple):
                row, cell = self.drafts[key[0]][0], _CELL_OF[key[1]]
                row.errors.setdefault(cell, text)
            elif (name := _FIELD_OF.get(key, key)) in self.fields and name not in self.errors:
                self.add_error(name, text)

    def is_valid(self) -> bool:
        """Say whether the service would take the order in."""
        return super().is_valid() and not self.lines_error and not any(row.errors for row in self.rows)

    def draft(self, buyer: Customer) -> services.OrderDraft:
        """Return the order as the service takes it, with the document as it was keyed behind it."""
        data = self.cleaned_data
        ordered_on = data.get("ordered_on") or self.today
        discount, discount_percent = data.get("order_discount") or (Decimal(0), Decimal(0))
        return services.OrderDraft(
            customer_id=buyer.pk,
            po_number=data.get("po_number") or "",
            ordered_on=ordered_on,
            requested_on=data.get("requested_on") or ordered_on,
            lines=[line for _row, line in self.drafts],
            ship_to_id=data.get("ship_to"),
            sold_through_id=data.get("channel"),
            content={
                "customer": self.data.get("customer", ""),
                "po_number": data.get("po_number") or "",
                "lines": [{cell: getattr(row, cell) for cell in CELLS} for row, _line in self.drafts],
            },
            discount=discount,
            discount_percent=discount_percent,
            is_additional=bool(data.get("is_additional")),
            sheet=data.get("sheet"),
        )

    def forget_blanks(self) -> None:
        """Drop what is wrong with fields in which nothing was typed yet, while the order is being keyed."""
        for name in list(self.errors):
            if name == NON_FIELD_ERRORS or not self.data.get(name):
                del self.errors[name]
        if not self.drafts:
            self.lines_error = ""
        for row in self.rows:
            row.forget_blanks()

    def add_blank_rows(self, number: int = BLANK_ROWS) -> None:
        """Add empty lines at the end."""
        last = max((int(row.key) for row in self.rows), default=0)
        self.rows += [EntryRow(str(last + place)) for place in range(1, number + 1)]


def typed_of(order: SalesOrder, lines: Sequence[SalesOrderLine]) -> QueryDict:
    """Return a draft as it would be typed: the list's prices are not, all others are.

    Goods go to the customer's address that it has; where none is like that any more, to the usual one.
    """
    percent, amount = order.discount_percent, order.discount
    addresses = [address for address in order.customer.addresses.all() if address.snapshot() == order.ship_to]
    data = QueryDict(mutable=True)
    data.update(
        {
            "customer": str(order.customer),
            "po_number": order.po_number,
            "ordered_on": order.ordered_on.isoformat(),
            "requested_on": order.requested_on.isoformat(),
            "ship_to": str(addresses[0].pk) if addresses else "",
            "channel": str(order.channel_id or ""),
            "order_discount": f"{percent.normalize():f} %" if percent else as_typed(amount or None),
        }
    )
    data.setlist("item", [line.product.sku for line in lines])
    data.setlist("quantity", [f"{line.quantity.normalize():f}" for line in lines])
    typed = [line.price_source != SalesOrderLine.PriceSource.LIST for line in lines]
    data.setlist(
        "price", [as_typed(line.price) if is_typed else "" for line, is_typed in zip(lines, typed, strict=True)]
    )
    discounts = [line.discount_percent for line in lines]
    data.setlist("discount", [f"{percent.normalize():f}" if percent else "" for percent in discounts])
    return data


def _rows_of(data: Any) -> Iterator[EntryRow]:
    columns = [data.getlist(cell) for cell in CELLS]
    for place in range(max(map(len, columns))):
        item, quantity, price, discount = (values[place].strip() if place < len(values) else "" for values in columns)
        yield EntryRow(str(place + 1), item, quantity, price, discount)
