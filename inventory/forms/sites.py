"""What people type about sites: a warehouse's place in sourcing, its lanes, and on which days it works."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from core.addresses import countries
from core.forms import WorkingDaysForm, weekdays_field
from core.models import Company, User
from inventory.geography import normalized
from inventory.models import Calendar, Lane, Warehouse


def company_days(company: Company) -> str:
    """Return what holds where no calendar is chosen, as the choice is called."""
    return "Every day" if company.is_always_open else "The company’s days"


class WarehouseForm(forms.ModelForm):
    """A site: where it is, and until when what is ordered leaves on the same day."""

    country = forms.ChoiceField(choices=countries)

    class Meta:
        model = Warehouse
        fields: ClassVar[list[str]] = [
            *("code", "name", "priority", "address", "country", "postcode", "cut_off", "calendar"),
            *("lines_a_day", "asks_if_empty"),
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "code": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
            "address": forms.Textarea(attrs={"rows": 3}),
            "cut_off": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "priority": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
            "lines_a_day": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
        }
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            NON_FIELD_ERRORS: {"unique_together": "Another warehouse has this code."},
            "lines_a_day": {
                "invalid": "Key whole lines, such as 300.",
                "min_value": "A site sends one line a day at least.",
            },
        }
        labels: ClassVar[dict[str, str]] = {"priority": "Rank", "cut_off": "Cut-off", "lines_a_day": "Lines a day"}
        help_texts: ClassVar[dict[str, str]] = {
            "code": "Letters, digits and dashes, by which files name it.",
            "priority": "Of sites that serve a place equally well, the one with the lowest rank gives.",
            "postcode": "How far a customer is is reckoned from here.",
            "cut_off": "What is promised later leaves a working day later. Empty: none.",
            "lines_a_day": "How many order lines can leave on a working day; more leave on the next. Empty: no limit.",
            "asks_if_empty": "After a pick that empties one by the books; where some are left it is to be checked.",
            "calendar": "On which days goods leave.",
        }

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["code"]  # files name it so
        else:
            self.instance.company_id = actor.company.pk
            self.initial["country"] = actor.company.country
        calendar: Any = self.fields["calendar"]
        calendar.queryset = Calendar.objects.for_user(actor).filter(company=self.instance.company_id)
        calendar.empty_label = company_days(actor.company)

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraint names it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]


class LaneForm(forms.ModelForm):
    """Which places a site serves, how fast and for how much."""

    country = forms.ChoiceField(choices=countries)

    class Meta:
        model = Lane
        fields: ClassVar[list[str]] = ["country", "area", "days", "cost"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "area": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "days": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
            "cost": forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
        }
        labels: ClassVar[dict[str, str]] = {"area": "Postcodes that begin with"}
        help_texts: ClassVar[dict[str, str]] = {"area": "Empty: everywhere in the country that has no lane of its own."}
        error_messages: ClassVar[dict[str, dict[str, str]]] = {
            NON_FIELD_ERRORS: {"unique_together": "There is a lane to there already: change that one."},
            "days": {"invalid": "Key whole days, such as 2."},
        }

    def __init__(self, *args: Any, warehouse: Warehouse, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set before validation, so that a second lane to a place is found here and not by the database
        self.instance.warehouse = warehouse
        cost = self.initial.get("cost")
        if isinstance(cost, Decimal):
            self.initial["cost"] = f"{cost.normalize():f}"

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the warehouse too, for the constraint names it."""
        return set(super()._get_validation_exclusions()) - {"warehouse"}  # type: ignore[misc]

    def clean_area(self) -> str:
        """Return the beginning of the postcodes as they are compared: without blanks, in capitals."""
        return normalized(self.cleaned_data["area"])

    def clean_cost(self) -> Decimal:
        """Return the cost.

        :raises ValidationError: where it is below zero.
        """
        cost: Decimal = self.cleaned_data["cost"]
        if cost < 0:
            raise ValidationError("A parcel costs nothing or more.")
        return cost


class CalendarForm(WorkingDaysForm):
    """Working days and holidays."""

    weekdays = weekdays_field(error_messages={"required": "It works on one day of the week at least."})

    class Meta:
        model = Calendar
        fields: ClassVar[list[str]] = ["name", "weekdays", "holidays"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        }

    def __init__(self, *args: Any, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.company_id = company_id

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraint names it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]
