"""What people type about planning."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms


class ServiceLevelForm(forms.Form):
    """Of how many times in a hundred none of a class runs out while more of it is bought."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("a", "b", "c"):
            self.fields[name] = forms.DecimalField(
                label=f"Class {name.upper()}, in percent",
                min_value=Decimal(50),
                max_value=Decimal("99.99"),
                max_digits=4,
                decimal_places=2,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
                error_messages={"min_value": "From 50 to 99.99.", "max_value": "From 50 to 99.99."},
            )
        self.fields["c"].help_text = "Of a hundred times that more is bought, so often none of it runs out meanwhile."
