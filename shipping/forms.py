"""What a shipping clerk keys."""

from __future__ import annotations

from django import forms

from shipping.models import Shipment


class DispatchForm(forms.Form):
    """With whom a shipment leaves, and the number to follow it by; own vans have none."""

    carrier = forms.CharField(
        max_length=Shipment._meta.get_field("carrier").max_length,
        error_messages={"required": "Say with whom it leaves."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    tracking_number = forms.CharField(
        label="Tracking number",
        max_length=Shipment._meta.get_field("tracking_number").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        help_text="As the carrier's label has it.",
    )
