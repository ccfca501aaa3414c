"""What people type into billing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from billing.models import Invoice, Payment
from billing.queries import LeftToCredit, shares_oldest_first
from billing.services import (
    CreditedLine,
    CreditInvalid,
    PaymentInvalid,
    Receipt,
    SettlementInvalid,
    check_credit,
    check_receipt,
    check_shares,
)
from core.money import ZERO, exponent


class PaymentForm(forms.Form):
    """A payment for one invoice, with what is open of it as the amount."""

    amount = forms.DecimalField(
        max_digits=18,
        localize=False,
        widget=forms.TextInput(
            attrs={
                "inputmode": "decimal",
                "autocomplete": "off",
                "class": "numeric",
                "data-key": "p",
                "data-key-label": "Key a payment",
            }
        ),
        error_messages={"invalid": "Key the amount in figures, such as 120.50.", "required": "Key the amount."},
    )
    received_on = forms.DateField(
        label="Received on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Key the day as 2026-11-23.", "required": "Key the day on which it came in."},
    )
    method = forms.ChoiceField(choices=Payment.Method.choices, label="Paid by")
    reference = forms.CharField(
        max_length=80,
        required=False,
        help_text="As the bank statement has it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    keeps_rest = forms.BooleanField(
        required=False,
        label="Keep more than is open as credit",
    )
    goes_back = False

    def __init__(self, *args: Any, currency: str, still_open: Decimal, today: date, **kwargs: Any) -> None:
        amount = f"{still_open:.{exponent(currency)}f}"
        initial = {"amount": amount, "received_on": today, "method": Payment.Method.BANK}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.currency, self.still_open, self.today = currency, still_open, today
        self.fields["amount"].label = f"Amount in {currency}"

    def clean(self) -> dict[str, Any]:
        """Check the payment by the service's own rules, so that each sentence stands at its field.

        :raises ValidationError: where the service would refuse it.
        """
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            check_receipt(
                receipt=self.receipt(0, 0),
                still_open=self.still_open,
                today=self.today,
                currency=self.currency,
                goes_back=self.goes_back,
            )
        except PaymentInvalid as refusal:
            raise ValidationError({refusal.field: refusal.sentence}) from refusal
        return data

    def receipt(self, order_id: int, invoice_id: int) -> Receipt:
        """Return what was typed as the service takes it."""
        return Receipt(
            order_id,
            amount=self.cleaned_data["amount"],
            invoice_id=invoice_id,
            method=self.cleaned_data["method"],
            reference=self.cleaned_data["reference"],
            received_on=self.cleaned_data["received_on"],
            keeps_rest=self.may_be_more or bool(self.cleaned_data.get("keeps_rest")),
        )

    @property
    def may_be_more(self) -> bool:
        """Whether more than what is open is taken unasked."""
        return False


def _figure_cell(label: str) -> forms.DecimalField:
    """Return a cell for a figure that may be left blank."""
    attributes = {"inputmode": "decimal", "autocomplete": "off", "class": "numeric", "aria-label": label}
    return forms.DecimalField(
        max_digits=18,
        localize=False,
        required=False,
        widget=forms.TextInput(attrs=attributes),
        error_messages={"invalid": "Key a figure, such as 120.50."},
    )


class RefundForm(PaymentForm):
    """Money that goes back, with what is left of a credit note or a payment as the amount."""

    keeps_rest = None  # type: ignore[assignment]
    goes_back = True
    received_on = forms.DateField(
        label="Paid back on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Key the day as 2026-11-23.", "required": "Key the day on which it went out."},
    )


class SharesForm(forms.Form):
    """An amount for each open invoice; all left blank means the oldest first."""

    def __init__(self, *args: Any, items: list[Any], currency: str = "", left: Decimal = ZERO, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items, self.currency, self.left = items, currency, left
        for item in items:
            self.fields[f"share-{item.pk}"] = _figure_cell(f"Amount for {item.number}")

    def shares(self) -> dict[int, Decimal] | None:
        """Return what was keyed by invoice, or nothing where every cell was left blank."""
        keyed = {item.pk: self.cleaned_data.get(f"share-{item.pk}") for item in self.items}
        return {pk: share for pk, share in keyed.items() if share} if any(keyed.values()) else None

    def amount_to_share(self) -> Decimal:
        """Return how much there is to apply, as far as it is keyed."""
        return self.left

    def rows(self) -> list[dict[str, Any]]:
        """Return each open invoice with its cell, and what is left of the amount after it."""
        chosen = self.shares() if self.is_bound and not self.errors else None
        rows = shares_oldest_first(self.items, self.amount_to_share(), chosen)
        return [
            {"invoice": item, "cell": self[f"share-{item.pk}"], "share": share, "left": left}
            for item, share, left in rows
        ]

    def clean(self) -> dict[str, Any]:
        """Check the amounts by the service's own rules, so that each sentence stands at its row.

        :raises ValidationError: where the service would refuse them.
        """
        data = super().clean() or {}
        if not self.errors and (chosen := self.shares()):
            by_pk = {item.pk: item for item in self.items}
            customer = self.items[0].customer_id
            try:
                check_shares(
                    shares=chosen,
                    invoices=by_pk,
                    left=self.amount_to_share(),
                    customer_id=customer,
                    currency=self.currency,
                )
            except SettlementInvalid as refusal:
                name = f"share-{refusal.invoice_id}"
                raise ValidationError(
                    {name: refusal.sentence} if name in self.fields else refusal.sentence
                ) from refusal
        return data


class CustomerPaymentForm(PaymentForm, SharesForm):
    """A payment of a customer over any of their open invoices; what none takes up is their credit."""

    keeps_rest = None  # type: ignore[assignment]

    def __init__(self, *args: Any, items: list[Any], currency: str, today: date, **kwargs: Any) -> None:
        still_open = sum((item.open for item in items), ZERO)
        super().__init__(*args, items=items, currency=currency, still_open=still_open, today=today, **kwargs)

    @property
    def may_be_more(self) -> bool:
        """Whether more than what is open is taken: the rest is the customer's credit."""
        return True

    def amount_to_share(self) -> Decimal:
        """Return the amount as it was keyed, or all that is open."""
        keyed = self.cleaned_data.get("amount") if self.is_bound and hasattr(self, "cleaned_data") else None
        return keyed or self.still_open


class CreditNoteForm(forms.Form):
    """Units or an amount for each line of an invoice, with the reason that the customer reads."""

    reason = forms.CharField(
        max_length=200,
        error_messages={"required": "Say why it is credited: the customer reads it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    bills_again = forms.ChoiceField(
        label="What becomes of the units",
        choices=[
            ("stays", "Price or goodwill: they stay billed"),
            ("again", "They will be billed again, or are cancelled"),
        ],
        initial="stays",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, left: dict[int, LeftToCredit], invoice: Invoice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left, self.invoice = left, invoice
        for pk, rest in left.items():
            self.fields[f"units-{pk}"] = _figure_cell(f"Units to credit of line {rest.line.position}")
            self.fields[f"amount-{pk}"] = _figure_cell(f"Amount to credit of line {rest.line.position}")
        for pk in list(left)[:1]:
            self.fields[f"units-{pk}"].widget.attrs["autofocus"] = True

    def lines(self) -> list[CreditedLine]:
        """Return what was keyed as the service takes it."""
        keyed = (
            CreditedLine(
                pk, self.cleaned_data.get(f"units-{pk}") or None, self.cleaned_data.get(f"amount-{pk}") or None
            )
            for pk in self.left
        )
        return [line for line in keyed if line.quantity is not None or line.amount is not None]

    def rows(self) -> list[dict[str, Any]]:
        """Return each line of the invoice with its cells, as its paper describes it."""
        printed = {line["position"]: line for line in self.invoice.snapshot["lines"]}
        return [
            {
                "paper": printed[rest.line.position],
                "left": rest,
                "units": self[f"units-{pk}"],
                "amount": self[f"amount-{pk}"],
            }
            for pk, rest in self.left.items()
        ]

    def clean(self) -> dict[str, Any]:
        """Check the lines by the service's own rules, so that each sentence stands at its line.

        :raises ValidationError: where the service would refuse them.
        """
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            check_credit(
                left_of=self.left,
                asked=self.lines(),
                currency=self.invoice.currency,
                bills_again=data["bills_again"] == "again",
            )
        except CreditInvalid as refusal:
            by_line = {line.line_id: line for line in self.lines()}
            if refusal.line_id in by_line:
                kind = "units" if by_line[refusal.line_id].quantity is not None else "amount"
                raise ValidationError({f"{kind}-{refusal.line_id}": refusal.sentence}) from refusal
            raise ValidationError(refusal.sentence) from refusal
        return data
