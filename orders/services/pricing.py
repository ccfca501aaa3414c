"""Which of a list's prices counts, and why: by the quantity that is ordered and the day of the order (B1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.money import ZERO, exponent, round_amount, spread


@dataclass(frozen=True, slots=True)
class PriceStep:
    """A price of a list: what it is, and the quantity and days from and to which it counts."""

    price: Decimal
    from_quantity: Decimal = ZERO
    valid_from: date | None = None
    valid_until: date | None = None

    def counts(self, quantity: Decimal, day: date) -> bool:
        """Say whether it counts for a quantity that is ordered on a day."""
        return (
            self.from_quantity <= quantity
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )

    def reason(self, list_name: str, unit: str) -> str:
        """Say why it counts: the list, and the quantity and days where it has any."""
        said = [list_name]
        if self.from_quantity:
            said.append(f"from {self.from_quantity.normalize():,f} {unit}")
        if self.valid_from:
            said.append(f"since {self.valid_from:%-d %b %Y}")
        if self.valid_until:
            said.append(f"until {self.valid_until:%-d %b %Y}")
        return ", ".join(said)


def price_for(steps: Iterable[PriceStep], *, quantity: Decimal, day: date) -> PriceStep | None:
    """Return the price that counts: of those in force the ones that began last, and of these the highest quantity.

    So a new price replaces the whole ladder of the old one, and an offer for some days gives way when they are over.
    """
    return max(
        (step for step in steps if step.counts(quantity, day)),
        key=lambda step: (step.valid_from or date.min, step.from_quantity),
        default=None,
    )


def discount_shares(nets: Sequence[Decimal], amount: Decimal, percent: Decimal, currency: str) -> list[Decimal]:
    """Spread an order's discount, an amount or a percentage of the nets, over them to the cent (rule 6).

    A line without a net gets nothing of it, and none more than its net.
    """
    if percent:
        amount = round_amount(sum(nets, ZERO) * percent / 100, currency)
    if not amount:
        return [ZERO] * len(nets)
    return spread(amount, nets, exponent(currency))
