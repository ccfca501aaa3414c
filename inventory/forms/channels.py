"""What people type about channels: what one is called, and what of a product in a warehouse is for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.models import User
from core.quantities import MAX_QUANTITY, in_steps
from inventory.forms.catalogue import stock_of
from inventory.models import Channel, ChannelPool, Warehouse

_UNITS = {"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}


class ChannelForm(forms.ModelForm):
    """Where orders are sold."""

    class Meta:
        model = Channel
        fields: ClassVar[list[str]] = ["code", "name", "priority", "is_active"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "code": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "priority": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
        }
        labels: ClassVar[dict[str, str]] = {"priority": "Rank", "is_active": "Takes new orders"}
        help_texts: ClassVar[dict[str, str]] = {
            "code": "Files name it so.",
            "priority": "Where there is less than pools keep together, the channel with the lowest rank has it.",
        }

    def __init__(self, *args: Any, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.company_id = company_id

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraint names it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]


class PoolForm(forms.Form):
    """What of a product in a warehouse is for a channel; one that stands stays with its product and warehouse."""

    sku = forms.CharField(
        label="SKU",
        max_length=40,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )
    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), empty_label=None)
    allotment = forms.DecimalField(
        label="Keeps",
        required=False,
        min_value=0,
        max_value=MAX_QUANTITY,
        widget=forms.TextInput(attrs=_UNITS),
        help_text="Units on the shelf that are for this channel alone, promised or still free.",
    )
    overflow = forms.ChoiceField(
        label="Beyond that",
        choices=ChannelPool.Overflow.choices,
        help_text="Whether it may have of what is kept for no channel as well.",
    )
    safety = forms.DecimalField(
        label="Leaves",
        required=False,
        min_value=0,
        max_value=MAX_QUANTITY,
        widget=forms.TextInput(attrs=_UNITS),
        help_text="Units of what nobody keeps that it leaves to others.",
    )
    cap = forms.DecimalField(
        label="Promised at most",
        required=False,
        min_value=0,
        max_value=MAX_QUANTITY,
        widget=forms.TextInput(attrs=_UNITS),
        help_text="Units promised at a time and not picked yet. Empty: no limit.",
    )

    def __init__(
        self, *args: Any, actor: User, channel: Channel, pool: ChannelPool | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.channel, self.pool = channel, pool
        warehouse: Any = self.fields["warehouse"]
        warehouse.queryset = Warehouse.objects.for_user(actor).filter(company=channel.company_id)
        if pool is not None:
            self.initial = {
                "sku": pool.level.product.sku,
                "warehouse": pool.level.warehouse_id,
                "overflow": pool.overflow,
                **{name: _typed(getattr(pool, name)) for name in ("allotment", "safety", "cap")},
            }
            for name in ("sku", "warehouse"):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        """Find the product, and see that the figures can be together.

        :raises ValidationError: where there is no such stock, or there is a pool for it already.
        """
        typed = self.cleaned_data
        for name in ("allotment", "safety"):
            typed[name] = typed.get(name) or Decimal(0)
        if typed.get("sku") is None or typed.get("warehouse") is None:
            return typed
        try:
            typed["product"] = product = stock_of(self.channel.company_id, typed["sku"].strip())
        except ValidationError as error:
            self.add_error("sku", error)
            return typed
        for name in ("allotment", "safety", "cap"):
            if typed.get(name) is not None and not in_steps(typed[name], product.unit.step):
                self.add_error(name, f"{product.sku} is counted in steps of {product.unit.step.normalize():f}.")
        if typed.get("cap") is not None and typed["cap"] < typed["allotment"]:
            self.add_error("cap", "More is kept than may be promised: raise this, or keep less.")
        standing = self.channel.pools.filter(level__product=product, level__warehouse=typed["warehouse"])
        if self.pool is None and standing.exists():
            self.add_error("sku", f"{self.channel} has a pool of it there already: change that one.")
        return typed


def _typed(units: Decimal | None) -> str:
    return "" if not units else f"{units.normalize():f}"
