"""The form of targets: one field for each figure of the manager's page."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboards.queries.tiles import KINDS
from dashboards.services import TargetValue

_UNITS = {"percent": "Percent", "time": "Hours"}


class TargetsForm(forms.Form):
    """What each figure should come to; an empty field is no target."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            unit = _UNITS.get(kind.unit, currency)
            field = forms.DecimalField(
                label=kind.label,
                required=False,
                min_value=0,
                max_digits=18,
                decimal_places=4,
                help_text=f"{unit}, at {'most' if kind.less else 'least'}.",
                max_value=100 if kind.unit == "percent" else None,
            )
            field.widget.attrs.update(inputmode="decimal", autocomplete="off")
            self.fields[kind.slug] = field

    def targets(self) -> list[TargetValue]:
        """Return what was typed."""
        return [TargetValue(kind.slug, self.cleaned_data[kind.slug]) for kind in KINDS]
