"""What people type into billing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from billing.models import Payment
from billing.services import PaymentInvalid, Receipt, check_receipt
from core.money import exponent


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
                receipt=self.receipt(0, 0), still_open=self.still_open, today=self.today, currency=self.currency
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
        )
