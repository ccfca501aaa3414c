"""The money arithmetic in SQL: the shared vectors, and the same answers as Python on what hypothesis makes up (T21)."""

import random
from decimal import Decimal
from typing import Any

import pytest
from babel.core import get_global
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from core import money, money_sql
from tests.core.test_money import (
    CURRENCIES,
    RATES,
    amounts_to_spread,
    currencies,
    discounts,
    lines_of_a_document,
    prices,
    quantities,
)
from tests.core.vectors import vectors
from tests.soak import count

EXAMPLES = settings(max_examples=count(short=60, full=2_000))


def ask(sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """Return what PostgreSQL answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall()


def asked_round(value: Decimal, currency: str) -> Decimal:
    sql = money_sql.round_amount("v", "c")
    ((answer,),) = ask(f"SELECT {sql} FROM (SELECT %s::numeric AS v, %s::text AS c) AS given", value, currency)
    return answer


def asked_net(*, quantity: Decimal, price: Decimal, discount_percent: Decimal, currency: str) -> Decimal:
    sql = money_sql.line_net(quantity="q", price="p", discount_percent="d", currency="c")
    row = "SELECT %s::numeric AS q, %s::numeric AS p, %s::numeric AS d, %s::text AS c"
    ((answer,),) = ask(f"SELECT {sql} FROM ({row}) AS given", quantity, price, discount_percent, currency)
    return answer


def asked_share(total: Decimal, *, done: Decimal, of: Decimal, currency: str) -> Decimal:
    sql = money_sql.cumulative_share("t", done="d", of="o", currency="c")
    row = "SELECT %s::numeric AS t, %s::numeric AS d, %s::numeric AS o, %s::text AS c"
    ((answer,),) = ask(f"SELECT {sql} FROM ({row}) AS given", total, done, of, currency)
    return answer


def asked_spread(amount: Decimal, weights: list[Decimal], places: int) -> list[Decimal]:
    parts = """
        SELECT 1 AS whole, n AS position, %s::numeric AS amount, weight, %s::numeric AS unit
        FROM unnest(%s::numeric[]) WITH ORDINALITY AS given(weight, n)
    """
    rows = ask(
        f"SELECT share FROM {money_sql.spread(parts)} AS shares ORDER BY position",
        *(amount, f"{Decimal(1).scaleb(-places):f}", weights),
    )
    return [share for (share,) in rows]


LINES = """
    SELECT document, currency, category, rate, net
    FROM unnest(%s::int[], %s::text[], %s::text[], %s::numeric[], %s::numeric[])
        AS line(document, currency, category, rate, net)
"""


def asked_totals(*documents: tuple[list[tuple[str, Decimal, Decimal]], str]) -> list[money.Totals]:
    """Return the totals of documents, each given as its (category, rate, net) rows and its currency."""
    lines = [(number, currency, *line) for number, (rows, currency) in enumerate(documents, 1) for line in rows]
    columns = [list(column) for column in zip(*lines, strict=True)] or [[]] * 5
    groups: dict[int, list[money.TaxGroup]] = {}
    for number, *group in ask(
        f"SELECT document, category, rate, base, tax FROM {money_sql.tax_groups(LINES)} AS g ORDER BY 1, 2, 3", *columns
    ):
        groups.setdefault(number, []).append(money.TaxGroup(*group))
    return [
        money.Totals(net, tax, gross, tuple(groups[number]))
        for number, net, tax, gross in ask(
            f"SELECT document, net, tax, gross FROM {money_sql.document_totals(LINES)} AS d ORDER BY 1", *columns
        )
    ]


@pytest.mark.django_db
class TestVectors:
    @vectors("exponent")
    def test_exponent(self, vector):
        ((places, unit),) = ask(
            f"SELECT {money_sql.exponent('c')}, {money_sql.unit('c')} FROM (SELECT %s::text AS c) AS given",
            vector["currency"],
        )
        assert places == vector["expected"]
        assert unit == Decimal(1).scaleb(-places)

    def test_exponent_of_every_currency_is_python_s(self):
        codes = sorted({*get_global("currency_fractions"), *CURRENCIES, "GBP", "USD"})
        answers = ask(f"SELECT c, {money_sql.exponent('c')} FROM unnest(%s::text[]) AS given(c)", codes)
        assert answers == [(code, money.exponent(code)) for code in codes]

    @vectors("round_amount")
    def test_round_amount(self, vector):
        assert str(asked_round(Decimal(vector["value"]), vector["currency"])) == vector["expected"]

    @vectors("line_net")
    def test_line_net(self, vector):
        figures = {name: Decimal(vector[name]) for name in ("quantity", "price", "discount_percent")}
        assert str(asked_net(**figures, currency=vector["currency"])) == vector["expected"]

    @vectors("document_totals")
    def test_document_totals(self, vector):
        lines = [(category, Decimal(rate), Decimal(net)) for category, rate, net in vector["lines"]]
        (totals,) = asked_totals((lines, vector["currency"]))
        groups = [[group.category, str(group.rate), str(group.base), str(group.tax)] for group in totals.groups]
        assert groups == vector["groups"]
        assert [str(totals.net), str(totals.tax), str(totals.gross)] == [vector[n] for n in ("net", "tax", "gross")]

    @vectors("spread")
    def test_spread(self, vector):
        weights = [Decimal(weight) for weight in vector["weights"]]
        parts = asked_spread(Decimal(vector["amount"]), weights, vector["places"])
        assert [str(part) for part in parts] == vector["expected"]

    @vectors("cumulative_share")
    def test_cumulative_share(self, vector):
        done, billed, bills = Decimal(0), Decimal(0), []
        for step in vector["steps"]:
            done += Decimal(step)
            upto = asked_share(
                Decimal(vector["total"]), done=done, of=Decimal(vector["of"]), currency=vector["currency"]
            )
            bills.append(str(upto - billed))
            billed = upto
        assert bills == vector["expected"]


@pytest.mark.soak("T21")
class TestSameAsPython(HypothesisTestCase):
    @EXAMPLES
    @given(value=st.decimals(min_value=-(10**12), max_value=10**12, places=9), currency=currencies)
    def test_round_amount(self, value, currency):
        assert asked_round(value, currency) == money.round_amount(value, currency)

    @EXAMPLES
    @given(quantity=quantities, price=prices, discount_percent=discounts, currency=currencies)
    def test_line_net(self, **line):
        assert asked_net(**line) == money.line_net(**line)

    @EXAMPLES
    @given(document=lines_of_a_document())
    def test_document_totals(self, document):
        lines, currency = document
        assert asked_totals(document) == ([money.document_totals(lines, currency)] if lines else [])

    @EXAMPLES
    @given(case=amounts_to_spread())
    def test_spread(self, case):
        assert asked_spread(*case) == money.spread(*case)

    @EXAMPLES
    @given(
        total=st.decimals(min_value=-1_000_000, max_value=1_000_000, places=3),
        done=quantities,
        of=quantities,
        currency=currencies,
    )
    def test_cumulative_share(self, total, done, of, currency):
        total = money.round_amount(total, currency)
        assert asked_share(total, done=done, of=of, currency=currency) == money.cumulative_share(
            total, done_before=Decimal(0), done_now=done, of=of, billed_before=Decimal(0), currency=currency
        )


@pytest.mark.soak("T21")
@pytest.mark.django_db
def test_totals_of_ten_thousand_random_invoices_are_the_same_in_both_languages():
    chance = random.Random(22)
    documents = []
    for _ in range(10_000):
        currency = chance.choice(CURRENCIES)
        lines = [
            (
                chance.choice("SZE"),
                Decimal(chance.choice(RATES)),
                Decimal(chance.randint(-(10**9), 10**9)).scaleb(-money.exponent(currency)),
            )
            for _ in range(chance.randint(1, 8))
        ]
        documents.append((lines, currency))
    assert asked_totals(*documents) == [money.document_totals(lines, currency) for lines, currency in documents]
