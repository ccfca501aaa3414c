"""The money arithmetic (PRODUCT.md section 4, rules 1-4, 6, 7): where every amount is rounded, spread or shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

from babel.numbers import get_currency_precision, list_currencies

ZERO = Decimal(0)
_HUNDRED = Decimal(100)


@cache
def exponent(currency: str) -> int:
    """Return the decimal places of a currency's amounts (ISO 4217, from CLDR): JPY 0, EUR 2, KWD 3."""
    return get_currency_precision(currency)


def is_currency(code: str) -> bool:
    """Say whether three letters are a currency's."""
    return code in list_currencies()


def round_half_up(value: Decimal, places: int) -> Decimal:
    """Round half away from zero, so that a credit is the exact mirror of its invoice (rule 2)."""
    with localcontext() as context:
        context.prec = 60
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + ZERO  # never -0.00


def round_amount(value: Decimal, currency: str) -> Decimal:
    """Round to the currency's exponent, half away from zero."""
    return round_half_up(value, exponent(currency))


def line_net(*, quantity: Decimal, price: Decimal, discount_percent: Decimal = ZERO, currency: str) -> Decimal:
    """Return quantity x price x (1 - discount %), rounded once at the currency's exponent (rule 3).

    The discounted unit price is never rounded first.
    """
    with localcontext() as context:
        context.prec = 60
        return round_amount(quantity * price * (_HUNDRED - discount_percent) / _HUNDRED, currency)


@dataclass(frozen=True, slots=True, order=True)
class TaxGroup:
    """One row of a document's tax table: EN 16931's category, rate in percent, base and tax in document currency."""

    category: str
    rate: Decimal
    base: Decimal = ZERO
    tax: Decimal = ZERO


def tax_groups(lines: Iterable[tuple[str, Decimal, Decimal]], currency: str) -> tuple[TaxGroup, ...]:
    """Group (category, rate %, line net) and compute the tax once per group (rule 4, EN 16931 BR-CO-17)."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for category, rate, net in lines:
        key = (category, _plain(rate))
        bases[key] = bases.get(key, ZERO) + net
    with localcontext() as context:
        context.prec = 60
        return tuple(
            TaxGroup(category, rate, base, round_amount(base * rate / _HUNDRED, currency))
            for (category, rate), base in sorted(bases.items())
        )


def _plain(rate: Decimal) -> Decimal:
    """Return 20 for 20.0000, never 2E+1, so that a snapshot reads the same whatever column the rate came from."""
    return Decimal(f"{rate.normalize():f}")


@dataclass(frozen=True, slots=True)
class Totals:
    """A document's totals: net, tax and gross in document currency, and the tax table they come from."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    groups: tuple[TaxGroup, ...]


def document_totals(lines: Iterable[tuple[str, Decimal, Decimal]], currency: str) -> Totals:
    """Return the totals of (category, rate %, line net) rows; net and tax are the sums of the tax table's rows."""
    groups = tax_groups(lines, currency)
    net = sum((group.base for group in groups), ZERO)
    tax = sum((group.tax for group in groups), ZERO)
    return Totals(net=net, tax=tax, gross=net + tax, groups=groups)


def spread(amount: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    """Share an amount over weights by largest remainder, ties by position, so that the parts sum to the whole (rule 6).

    With no positive weight the shares are equal. `amount` must be a whole number of 10^-places.

    :raises ValueError: where there is no weight, a weight is negative, or the amount has more places.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError("Spreading needs at least one weight and no negative one.")
    with localcontext() as context:
        context.prec = 60
        cents = amount.scaleb(places)
        if cents != cents.to_integral_value():
            raise ValueError(f"{amount} has more than {places} decimal places.")
        if not any(weights):
            weights = [Decimal(1)] * len(weights)
        total = sum(weights, ZERO)
        # Quotient and remainder, not a rounded share: a tie must be one for PostgreSQL too.
        parts, remainders = zip(*(divmod(abs(cents) * weight, total) for weight in weights), strict=True)
        missing = int(abs(cents) - sum(parts, ZERO))
        lucky = set(sorted(range(len(weights)), key=lambda index: (-remainders[index], index))[:missing])
        sign = -1 if cents < 0 else 1
        return [
            (sign * (part + (index in lucky))).scaleb(-places) + ZERO  # never -0.00
            for index, part in enumerate(parts)
        ]


def cumulative_share(
    total: Decimal, *, done_before: Decimal, done_now: Decimal, of: Decimal, billed_before: Decimal, currency: str
) -> Decimal:
    """Return the amount of this partial document: round(total x cumulative done / of) - billed before (rule 7).

    Hence the sum of all partial documents is the total to the cent. A credit is the same with a negative `done_now`.

    :raises ValueError: where `of` is not positive.
    """
    if of <= 0:
        raise ValueError("A share needs a positive whole.")
    with localcontext() as context:
        context.prec = 60
        return round_amount(total * (done_before + done_now) / of, currency) - billed_before
