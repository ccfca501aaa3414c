"""What an administrator types about units, and the list of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from core.forms import ReferenceForm
from core.lists import ReferenceList
from core.quantities import MAX_QUANTITY
from inventory.models import Unit


class UnitForm(ReferenceForm):
    """A unit; its step stands once products are counted in it."""

    step = forms.DecimalField(
        label="Smallest quantity",
        max_value=MAX_QUANTITY,
        max_digits=18,
        decimal_places=6,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
        help_text="1 for what is counted, 0.001 for kilograms that are weighed to the gram.",
    )

    class Meta:
        model = Unit
        fields: ClassVar[list[str]] = ["code", "name", "step"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "code": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
        }
        help_texts: ClassVar[dict[str, str]] = {"code": "As it stands beside quantities, such as pc."}
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            NON_FIELD_ERRORS: {"unique_together": "Another unit has this code."}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["step"] = f"{self.instance.step.normalize():f}"
        if self.instance.pk and self.instance.is_counted_in:
            self.fields["step"].disabled = True
            self.fields["step"].help_text = "Stands: products are counted in it."

    def clean_step(self) -> Any:
        """Return the step.

        :raises ValidationError: where it is not above zero.
        """
        step = self.cleaned_data["step"]
        if step <= 0:
            raise forms.ValidationError("The smallest quantity is above zero.")
        return step


UNITS = ReferenceList(
    label="Units",
    noun="unit",
    about="In what products are counted, bought and sold.",
    model=Unit,
    form_class=UnitForm,
    columns=(
        ("Unit", str),
        ("Name", lambda unit: unit.name),
        ("Smallest quantity", lambda unit: f"{unit.step.normalize():f}"),
    ),
)
