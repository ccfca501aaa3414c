"""The quantity arithmetic (PRODUCT.md section 4, rules 1, 9): six places, a step per unit, exact conversions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

MAX_QUANTITY = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How many stock units one unit holds, as numerator/denominator (a box of 12 pieces is 12/1), never a decimal."""

    numerator: int
    denominator: int = 1

    def __post_init__(self) -> None:
        if self.numerator <= 0 or self.denominator <= 0:
            raise ValueError("A conversion is a fraction of two positive whole numbers.")


def in_steps(quantity: Decimal, step: Decimal) -> bool:
    """Say whether a quantity is a whole number of its unit's steps."""
    return quantity % step == 0


def to_stock(quantity: Decimal, conversion: Conversion, step: Decimal, *, rounding: str = ROUND_FLOOR) -> Decimal:
    """Convert to stock units and round to the stock step: down for a reservation, ROUND_HALF_UP for billing."""
    return _to_step(quantity * conversion.numerator, conversion.denominator, step, rounding)


def from_stock(quantity: Decimal, conversion: Conversion, step: Decimal, *, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Convert stock units into another unit and round to that unit's step."""
    return _to_step(quantity * conversion.denominator, conversion.numerator, step, rounding)


def _to_step(dividend: Decimal, divisor: int, step: Decimal, rounding: str) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return (dividend / (divisor * step)).to_integral_value(rounding=rounding) * step
