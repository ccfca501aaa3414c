"""What is keyed when a return ends: why it is given up, or how it is settled."""

from __future__ import annotations

from django import forms

from returns.models import ReturnOrder, ReturnSettlement


class ReasonForm(forms.Form):
    """Why a return is given up."""

    reason = forms.CharField(
        max_length=ReturnOrder._meta.get_field("closed_reason").max_length,
        error_messages={"required": "Say why: the customer will ask."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class SettlementForm(forms.Form):
    """How a return is settled."""

    kind = forms.ChoiceField(label="Settle by", choices=ReturnSettlement.Kind.choices)
    with_freight = forms.BooleanField(
        label="With its share of freight and charges", required=False, help_text="Of the invoices that are credited."
    )
    reason = forms.CharField(
        label="Remark",
        max_length=ReturnSettlement._meta.get_field("reason").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
