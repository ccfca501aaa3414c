"""What a shipping clerk keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.validators import URLValidator
from django.utils import timezone

from core.forms import ReferenceForm
from core.lists import ReferenceList
from core.models import User
from inventory.models import Calendar
from shipping.models import NUMBER_PLACE, Carrier, DeliveryFailure, ProofOfDelivery, Shipment
from shipping.services import Consignment
from warehouse.models import Parcel

_NUMBER = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
# For the preview of a tracking page
_EXAMPLE = "1Z999AA10123456784"
_LONGEST_SERVICE = Carrier.LONGEST_SERVICE
_NUMBER_LENGTH = Shipment._meta.get_field("tracking_number").max_length


class DispatchForm(forms.Form):
    """Which parcels leave, with whom, and the numbers to follow them by; own vans have none.

    The company's carriers are offered with their services, and anybody else may be named.

    Without any word of parcels all of them leave. The number of a whole shipment is asked for one order only.
    """

    carrier = forms.CharField(
        max_length=Shipment._meta.get_field("carrier").max_length,
        error_messages={"required": "Say with whom it leaves."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True, "list": "carriers"}),
    )
    tracking_number = forms.CharField(
        label="Tracking number",
        max_length=_NUMBER_LENGTH,
        required=False,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text="As the carrier's label has it.",
    )

    def __init__(self, *args: Any, parcels: Sequence[Parcel], carriers: Sequence[Carrier], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parcels = parcels
        self.carriers = carriers
        self.chosen_carrier: Carrier | None = None
        if len({parcel.order_id for parcel in parcels}) > 1:
            del self.fields["tracking_number"]
        if len(parcels) > 1:
            for parcel in parcels:
                self.fields[f"number-{parcel.pk}"] = forms.CharField(
                    label=f"Tracking number of {parcel}",
                    max_length=_NUMBER_LENGTH,
                    required=False,
                    widget=forms.TextInput(attrs={**_NUMBER, "aria-label": f"Tracking number of {parcel}"}),
                )

    @property
    def offers(self) -> list[str]:
        """The carriers and services that can be chosen."""
        return [offer for carrier in self.carriers if carrier.is_active for offer in carrier.offers]

    def clean_carrier(self) -> str:
        """Return with whom it leaves, one of ours as it is called.

        :raises ValidationError: where that one is retired.
        """
        typed = " ".join(str(self.cleaned_data["carrier"]).split())
        for carrier in self.carriers:
            for offer in carrier.offers:
                if offer.casefold() == typed.casefold():
                    if not carrier.is_active:
                        raise forms.ValidationError(f"{carrier} is retired: choose another.")
                    self.chosen_carrier = carrier
                    return offer
        return typed

    def said_of_collections(self, at: datetime) -> str:
        """Say of each carrier who does not collect any more today when they do."""
        days = [(carrier, carrier.collects_on(at)) for carrier in self.carriers if carrier.is_active]
        return " ".join(f"{carrier} collects next on {day:%-d %b}." for carrier, day in days if day > at.date())

    @property
    def names_parcels(self) -> bool:
        """Whether the form says which parcels leave; the page's always does."""
        return self.is_bound and "parcel" in self.data

    @property
    def chosen(self) -> set[int]:
        """The keys of the parcels that are to leave, those too that somebody sent off since the page was drawn."""
        if not self.names_parcels:
            return {parcel.pk for parcel in self.parcels}
        asked = self.data.getlist("parcel")  # type: ignore[attr-defined]
        return {int(key) for key in asked if key.isascii() and key.isdecimal() and len(key) < 19}

    def clean(self) -> dict[str, Any]:
        """Check that something leaves."""
        if self.names_parcels and not self.chosen:
            raise forms.ValidationError("Choose the parcels that leave.")
        return self.cleaned_data

    def rows(self) -> list[dict[str, Any]]:
        """Return each parcel with whether it leaves and the field of its number, where it has one."""
        return [
            {
                "parcel": parcel,
                "leaves": parcel.pk in self.chosen,
                "number": self[f"number-{parcel.pk}"] if f"number-{parcel.pk}" in self.fields else None,
            }
            for parcel in self.parcels
        ]

    def consignment(self) -> Consignment:
        """Return with whom the parcels leave."""
        numbers = {parcel.pk: self.cleaned_data.get(f"number-{parcel.pk}", "") for parcel in self.parcels}
        return Consignment(
            carrier=self.cleaned_data["carrier"],
            carrier_id=self.chosen_carrier.pk if self.chosen_carrier else None,
            tracking_number=self.cleaned_data.get("tracking_number", ""),
            parcels={pk: number for pk, number in numbers.items() if number},
        )


class DeliveryForm(forms.Form):
    """Who took shipments in, and when."""

    received_by = forms.CharField(
        label="Received by",
        max_length=ProofOfDelivery._meta.get_field("received_by").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text="The name on the delivery note.",
    )
    received_at = forms.DateTimeField(
        label="Received",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Say when it arrived.", "invalid": "Say when it arrived: a day and a time."},
    )

    def clean_received_at(self) -> Any:
        """Return the moment, which has come.

        :raises ValidationError: where it lies in the future.
        """
        moment = self.cleaned_data["received_at"]
        if moment > timezone.now():
            raise forms.ValidationError("This is still to come.")
        return moment


class FailureForm(forms.Form):
    """Why shipments were not delivered, and when that was."""

    kind = forms.ChoiceField(
        label="What happened",
        choices=[choice for choice in DeliveryFailure.Kind.choices if choice[0] != DeliveryFailure.Kind.LOST],
    )
    happened_at = forms.DateTimeField(
        label="When",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Say when it was.", "invalid": "Say when it was: a day and a time."},
    )
    note = forms.CharField(
        max_length=DeliveryFailure._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="As the driver or the carrier says it.",
    )

    def clean_kind(self) -> DeliveryFailure.Kind:
        """Return the kind."""
        return DeliveryFailure.Kind(self.cleaned_data["kind"])

    def clean_happened_at(self) -> Any:
        """Return the moment, which has come.

        :raises ValidationError: where it lies in the future.
        """
        moment = self.cleaned_data["happened_at"]
        if moment > timezone.now():
            raise forms.ValidationError("This is still to come.")
        return moment


class LossForm(forms.Form):
    """The claim with the carrier for what it lost."""

    claim = forms.CharField(
        label="Claim number",
        max_length=DeliveryFailure._meta.get_field("claim").max_length,
        required=False,
        widget=forms.TextInput(attrs={**_NUMBER, "autofocus": True}),
        help_text="The carrier's number of our claim.",
    )
    note = forms.CharField(
        max_length=DeliveryFailure._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CarrierForm(ReferenceForm):
    """A carrier, with a service to a line."""

    services = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="One to a line, such as Next day. At the dock they are offered after the carrier's name.",
    )

    class Meta:
        model = Carrier
        fields: ClassVar[list[str]] = ["name", "services", "tracking_url", "calendar", "cut_off"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
            "tracking_url": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
            "cut_off": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        }
        labels: ClassVar[dict[str, str]] = {
            "tracking_url": "Tracking page",
            "calendar": "Collects on the days of",
            "cut_off": "Collects until",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "tracking_url": f"Its address, {NUMBER_PLACE} where the parcel's number goes.",
            "cut_off": "What is ready later leaves with the next collection. Empty: all day.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendar: Any = self.fields["calendar"]
        calendar.queryset = Calendar.objects.filter(company=self.instance.company_id)
        calendar.empty_label = "Every day" if self.instance.company.is_always_open else "The company’s days"
        self.initial["services"] = "\n".join(self.instance.services)

    def clean_services(self) -> list[str]:
        """Return the services in their order, each once.

        :raises ValidationError: where the name of one is too long.
        """
        lines = (" ".join(line.split()) for line in self.cleaned_data["services"].splitlines())
        services = list(dict.fromkeys(filter(None, lines)))
        for service in services:
            if len(service) > _LONGEST_SERVICE:
                raise forms.ValidationError(f"“{service}” is too long: {_LONGEST_SERVICE} letters at most.")
        return services

    def clean_tracking_url(self) -> str:
        """Return the address of the carrier's page.

        :raises ValidationError: where it is none, or the number has no place in it.
        """
        url = str(self.cleaned_data["tracking_url"]).strip()
        if not url:
            return ""
        if url.count(NUMBER_PLACE) != 1 or "{" in url.replace(NUMBER_PLACE, ""):
            raise forms.ValidationError(f"Write {NUMBER_PLACE} once, where the parcel's number goes.")
        if not url.startswith("https://"):
            raise forms.ValidationError("A tracking page begins with https://.")
        URLValidator(schemes=["https"])(url.replace(NUMBER_PLACE, "1"))
        return url


def _follow(user: User, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a parcel would be followed."""
    carrier = Carrier(name=typed.get("name", ""), tracking_url=typed.get("tracking_url", ""))
    return {"carrier": carrier, "link": carrier.tracking_link(_EXAMPLE)}


def _collects(carrier: Carrier) -> str:
    """Say when a carrier collects."""
    week = carrier.calendar.name if carrier.calendar else carrier.company.week
    return f"{week}, until {carrier.cut_off:%H:%M}" if carrier.cut_off else week


CARRIERS = ReferenceList(
    label="Carriers",
    noun="carrier",
    about="Who takes goods to customers. The dock is offered them and their services; anybody else can be typed there.",
    model=Carrier,
    form_class=CarrierForm,
    columns=(
        ("Carrier", str),
        ("Services", lambda carrier: ", ".join(carrier.services)),
        ("Collects", _collects),
        ("Tracking page", lambda carrier: carrier.tracking_url),
    ),
    preview_template="shipping/_tracking_preview.html",
    preview=_follow,
)
