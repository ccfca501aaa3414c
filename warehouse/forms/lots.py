"""What is keyed of a lot by hand."""

from __future__ import annotations

from django import forms


class LotReasonForm(forms.Form):
    """Why a lot is blocked, or unblocked."""

    reason = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": "Say why: whoever looks at the lot later wants to know."},
    )


class LotDayForm(forms.Form):
    """Until when a lot is good, and why that is not what was said before."""

    expires_on = forms.DateField(
        label="Good until",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autofocus": True}),
        help_text="Its last day. Blank: it keeps.",
    )
    reason = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why: whoever looks at the lot later wants to know."},
    )
