"""What people key: orders, whose lines are checked and priced by the service; customers and their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError

from core.models import User
from inventory.models import Product
from orders import services
from orders.models import Customer, CustomerAddress, PriceList
from orders.order_file.cells import CellError, read_number
from orders.queries import entry
from orders.queries.queue import Stage

BLANK_ROWS = 5
# A browser's form holds about a thousand fields; who has more lines sends a file
MAX_ROWS = 180
LONGEST_AGO = timedelta(days=730)
LONGEST_TERMS = 366
CELLS = ("item", "quantity", "price", "discount")
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
    quote: services.QuotedLine = field(default_factory=services.QuotedLine)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed into it."""
        return not any((self.item, self.quantity, self.price, self.discount))

    @property
    def list_price(self) -> str:
        """The price list's price as it would be typed."""
        price = self.quote.list_price
        return "" if price is None else f"{price:.2f}" if price == round(price, 2) else f"{price.normalize():f}"

    @property
    def stock(self) -> Stage | None:
        """Whether what is free of its product is enough."""
        free = entry.free_of(self.product) if self.product else None
        if free is None:
            return None
        if free <= 0:
            return Stage("None free", "wrong")
        return Stage(f"{free.normalize():,f} free", "waiting" if (self.wanted or 0) > free else "done")

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
        if cell != "quantity" and text and not text.strip("0.,"):
            return Decimal(0)
        try:
            return read_number(text, name, ".")
        except CellError as error:
            self.errors[cell] = str(error)
            return None


class OrderEntryForm(forms.Form):
    """An order as it is keyed. Valid means that the service would take it in as it stands."""

    customer = forms.CharField(max_length=160, error_messages={"required": "Say who orders: a number or a name."})
    po_number = forms.CharField(
        label="PO number", max_length=60, error_messages={"required": "Key the customer's PO number."}
    )
    ordered_on = forms.DateField(label="Ordered", error_messages={"required": "Say when it was ordered."})
    requested_on = forms.DateField(label="Requested", error_messages={"required": "Say for when it is wanted."})
    ship_to = forms.TypedChoiceField(label="Ship to", required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, user: User, at: datetime, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.at, self.today = user, at, today
        self.buyer: Customer | None = None
        self.quote: services.Quote | None = None
        self.lines_error = ""
        self.rows: list[EntryRow] = list(_rows_of(self.data)) if self.is_bound else []
        self.drafts: list[tuple[EntryRow, services.LineDraft]] = []
        if self.is_bound:
            self.buyer = entry.customer_meant(user, self.data.get("customer", ""))
        elif self.initial.get("customer"):
            self.buyer = entry.customer_meant(user, self.initial["customer"])
        self.addresses = list(self.buyer.addresses.order_by("-is_ship_to", "pk")) if self.buyer else []
        self.fields["ship_to"].choices = [  # type: ignore[attr-defined]
            (str(address.pk), str(address)) for address in self.addresses
        ] or [("", "The customer's address")]

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
        if day > self.today + timedelta(days=1):
            raise ValidationError("The order date lies ahead.")
        if day < self.today - LONGEST_AGO:
            raise ValidationError("The order date is more than two years ago.")
        return day

    def clean(self) -> dict[str, Any]:
        """Read the lines, and have the order priced and checked by the service."""
        found = entry.products_meant(self.user, {row.item for row in self.rows})
        for row in self.rows:
            row.product = found.get(row.item)
        lines = [(row, row.read()) for row in self.rows if not row.is_blank]
        self.drafts = [(row, line) for row, line in lines if line is not None]
        if not lines:
            self.lines_error = "An order needs at least one line: key a SKU and a quantity."
        elif len(lines) > MAX_ROWS:
            self.lines_error = f"More than {MAX_ROWS} lines are too many for a form: import them as a file."
        if self.buyer is not None:
            self.quote = services.quote_order(draft=self.draft(self.buyer), actor=self.user, at=self.at)
            self._note(self.quote.errors)
            for (row, _line), quoted in zip(self.drafts, self.quote.lines, strict=True):
                row.quote = quoted
        return self.cleaned_data

    def _note(self, errors: Mapping[Any, str]) -> None:
        """Put what the service finds wrong beside its field, unless something is wrong there already."""
        for key, text in errors.items():
            if isinstance(key, tuple):
                row, cell = self.drafts[key[0]][0], _CELL_OF[key[1]]
                row.errors.setdefault(cell, text)
            elif key in self.fields and key not in self.errors:
                self.add_error(key, text)

    def is_valid(self) -> bool:
        """Say whether the service would take the order in."""
        return super().is_valid() and not self.lines_error and not any(row.errors for row in self.rows)

    def draft(self, buyer: Customer) -> services.OrderDraft:
        """Return the order as the service takes it, with the document as it was keyed behind it."""
        data = self.cleaned_data
        ordered_on = data.get("ordered_on") or self.today
        return services.OrderDraft(
            customer_id=buyer.pk,
            po_number=data.get("po_number") or "",
            ordered_on=ordered_on,
            requested_on=data.get("requested_on") or ordered_on,
            lines=[line for _row, line in self.drafts],
            ship_to_id=data.get("ship_to"),
            content={
                "customer": self.data.get("customer", ""),
                "po_number": data.get("po_number") or "",
                "lines": [{cell: getattr(row, cell) for cell in CELLS} for row, _line in self.drafts],
            },
        )

    def forget_blanks(self) -> None:
        """Drop what is wrong with fields in which nothing was typed yet, while the order is being keyed."""
        for name in list(self.errors):
            if not self.data.get(name):
                del self.errors[name]
        if not self.drafts:
            self.lines_error = ""
        for row in self.rows:
            row.forget_blanks()

    def add_blank_rows(self, number: int = BLANK_ROWS) -> None:
        """Add empty lines at the end."""
        last = max((int(row.key) for row in self.rows), default=0)
        self.rows += [EntryRow(str(last + place)) for place in range(1, number + 1)]


def _rows_of(data: Any) -> Iterator[EntryRow]:
    columns = [data.getlist(cell) for cell in CELLS]
    for place in range(max(map(len, columns))):
        item, quantity, price, discount = (values[place].strip() if place < len(values) else "" for values in columns)
        yield EntryRow(str(place + 1), item, quantity, price, discount)


class CustomerForm(forms.ModelForm):
    """A customer and their terms, which new orders take over."""

    class Meta:
        model = Customer
        fields: ClassVar[list[str]] = [
            "number",
            "name",
            "email",
            "phone",
            "vat_number",
            "price_list",
            "terms_days",
            "is_active",
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "number": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "phone": forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
            "vat_number": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "terms_days": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
        }
        labels: ClassVar[dict[str, str]] = {"email": "E-mail", "terms_days": "Days to pay", "is_active": "May order"}
        help_texts: ClassVar[dict[str, str]] = {
            "terms_days": "0 is due at once.",
            "is_active": "A closed account keeps its orders; new ones are refused.",
        }

    def __init__(self, *args: Any, actor: User, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set before validation, so that a number taken in this company is found here and not by the database
        self.instance.company_id = company_id
        price_list: Any = self.fields["price_list"]
        price_list.queryset = PriceList.objects.for_user(actor).filter(company_id=company_id)
        price_list.empty_label = None

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]

    def clean_number(self) -> str:
        """Return the number without blanks, by which files and people name the customer.

        :raises ValidationError: where there are blanks within.
        """
        number = str(self.cleaned_data["number"]).strip()
        if any(char.isspace() or not char.isprintable() for char in number):
            raise ValidationError("A customer number has no blanks: use a dash.")
        return number

    def clean_terms_days(self) -> int:
        """Return the days to pay.

        :raises ValidationError: where they are more than a year.
        """
        days: int = self.cleaned_data["terms_days"]
        if days > LONGEST_TERMS:
            raise ValidationError("Nobody has more than a year to pay.")
        return days


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Return the countries by their ISO 3166 code and name, by name."""
    names = Locale("en").territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NO_LAND]
    return tuple(sorted(found, key=lambda pair: pair[1]))


_NO_LAND = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}


class CustomerAddressForm(forms.ModelForm):
    """An address of a customer. Papers keep their own copy, so changing one changes none."""

    country = forms.ChoiceField(choices=countries, initial="GB")

    class Meta:
        model = CustomerAddress
        fields: ClassVar[list[str]] = ["name", "street", "postcode", "city", "country", "is_bill_to", "is_ship_to"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
            "street": forms.TextInput(attrs={"autocomplete": "off"}),
            "postcode": forms.TextInput(attrs={"autocomplete": "off"}),
            "city": forms.TextInput(attrs={"autocomplete": "off"}),
        }
        labels: ClassVar[dict[str, str]] = {
            "is_bill_to": "Bills go here",
            "is_ship_to": "Goods go here unless an order says otherwise",
        }
