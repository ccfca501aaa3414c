"""The money arithmetic said in SQL (PRODUCT.md section 4, rule 2): what audits recompute stored amounts by.

Each function takes SQL and returns SQL; its twin of the same name is in core/money.py, and both are held to the same
vectors. Everything is exact: amounts are multiplied by 0.01, never divided by 100, and a quotient is taken whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import cache

from babel.core import get_global

from core import money


@cache
def _currencies_by_places() -> dict[int, list[str]]:
    """Return the currencies that do not have two places, by their places."""
    found = defaultdict(list)
    for currency in sorted(get_global("currency_fractions")):
        if money.exponent(currency) != 2:
            found[money.exponent(currency)].append(currency)
    return found


def _by_places(currency: str, answer: Callable[[int], object]) -> str:
    cases = (
        f"WHEN {currency} IN ({', '.join(map(repr, currencies))}) THEN {answer(places)}"
        for places, currencies in _currencies_by_places().items()
    )
    return f"(CASE {' '.join(cases)} ELSE {answer(2)} END)"


def exponent(currency: str) -> str:
    """Return the decimal places of a currency's amounts."""
    return _by_places(currency, lambda places: places)


def unit(currency: str) -> str:
    """Return the smallest amount of a currency: JPY 1, EUR 0.01, KWD 0.001."""
    return _by_places(currency, lambda places: f"{Decimal(1).scaleb(-places):f}")


def round_amount(value: str, currency: str) -> str:
    """Round to the currency's exponent; PostgreSQL rounds numeric half away from zero, as rule 2 wants."""
    return f"round({value}, {exponent(currency)})"


def line_net(*, quantity: str, price: str, discount_percent: str, currency: str) -> str:
    """Return quantity x price x (1 - discount %), rounded once at the currency's exponent (rule 3)."""
    return round_amount(f"({quantity}) * ({price}) * (100 - ({discount_percent})) * 0.01", currency)


def tax_groups(lines: str) -> str:
    """Return the tax tables of documents (rule 4): document, currency, category, rate, base and tax a row.

    `lines` selects document, currency, category, rate and net.
    """
    return f"""(
        SELECT document, currency, category, trim_scale(rate) AS rate, base, {round_amount("base * rate * 0.01", "currency")} AS tax
        FROM (SELECT document, currency, category, rate, sum(net) AS base FROM ({lines}) AS line GROUP BY 1, 2, 3, 4) AS in_group
    )"""


def document_totals(lines: str) -> str:
    """Return net, tax and gross a document: the sums of its tax table's rows. `lines` as for tax_groups."""
    return f"""(
        SELECT document, sum(base) AS net, sum(tax) AS tax, sum(base) + sum(tax) AS gross
        FROM {tax_groups(lines)} AS tax_group GROUP BY 1
    )"""


def spread(parts: str) -> str:
    """Share amounts by largest remainder, ties by position (rule 6): whole, position and share a row.

    `parts` selects whole, position, amount (the same for all of a whole), weight and unit, the smallest amount.
    """
    return f"""(
        SELECT whole, position, unit * sign(amount) * (
            quotient + CASE WHEN row_number() OVER (PARTITION BY whole ORDER BY remainder DESC, position) <= missing THEN 1 ELSE 0 END
        ) AS share
        FROM (
            SELECT weighed.*, div(cents * weight, total) AS quotient, mod(cents * weight, total) AS remainder,
                cents - sum(div(cents * weight, total)) OVER (PARTITION BY whole) AS missing
            FROM (
                SELECT whole, position, amount, unit, div(abs(amount), unit) AS cents,
                    CASE WHEN sum(weight) OVER all_of_it = 0 THEN 1 ELSE weight END AS weight,
                    CASE WHEN sum(weight) OVER all_of_it = 0 THEN count(*) OVER all_of_it ELSE sum(weight) OVER all_of_it END AS total
                FROM ({parts}) AS part WINDOW all_of_it AS (PARTITION BY whole)
            ) AS weighed
        ) AS divided
    )"""


def cumulative_share(total: str, *, done: str, of: str, currency: str) -> str:
    """Return round(total x done / of), what documents up to here amount to (rule 7). `of` is positive."""
    exact, step = f"({total}) * ({done})", f"({of}) * {unit(currency)}"
    return f"({unit(currency)} * sign({exact}) * div(2 * abs({exact}) + {step}, 2 * {step}))"
