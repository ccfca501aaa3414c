"""The money arithmetic, on the shared vectors and on what hypothesis makes up."""

import itertools
import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money
from tests.core.vectors import vectors

CURRENCIES = ("JPY", "EUR", "KWD")
RATES = ("0", "5", "7.7", "19", "20.0000", "25.5")

quantities = st.decimals(min_value="0.000001", max_value="1000000", places=6)
prices = st.decimals(min_value="0", max_value="100000", places=6)
discounts = st.decimals(min_value="0", max_value="100", places=4)
currencies = st.sampled_from(CURRENCIES)


@st.composite
def lines_of_a_document(draw) -> tuple[list[tuple[str, Decimal, Decimal]], str]:
    """Make up (category, rate, net) rows of one document, and its currency."""
    currency = draw(currencies)
    row = st.tuples(
        st.sampled_from("SZE"),
        st.sampled_from(RATES).map(Decimal),
        st.decimals(min_value=-100_000, max_value=100_000, places=money.exponent(currency)),
    )
    return draw(st.lists(row, max_size=12)), currency


@st.composite
def amounts_to_spread(draw) -> tuple[Decimal, list[Decimal], int]:
    """Make up an amount, the weights it is shared over, and its places."""
    places = draw(st.sampled_from([0, 2, 3, 6]))
    amount = draw(st.decimals(min_value=-1_000_000, max_value=1_000_000, places=places))
    weight = st.decimals(min_value=0, max_value=10_000, places=2)
    return amount, draw(st.lists(weight, min_size=1, max_size=12)), places


def negated(lines: list[tuple[str, Decimal, Decimal]]) -> list[tuple[str, Decimal, Decimal]]:
    return [(category, rate, -net) for category, rate, net in lines]


class TestExponent:
    @vectors("exponent")
    def test_is_the_currency_s_own(self, vector):
        assert money.exponent(vector["currency"]) == vector["expected"]


class TestRoundAmount:
    @vectors("round_amount")
    def test_agrees_with_the_vectors(self, vector):
        rounded = money.round_amount(Decimal(vector["value"]), vector["currency"])
        assert str(rounded) == vector["expected"]

    @given(value=st.decimals(min_value=-(10**12), max_value=10**12, places=9), currency=currencies)
    def test_mirrors_at_zero_and_is_never_further_away_than_half_a_step(self, value, currency):
        rounded = money.round_amount(value, currency)
        step = Fraction(1, 10 ** money.exponent(currency))
        assert money.round_amount(-value, currency) == -rounded
        assert abs(Fraction(rounded) - Fraction(value)) <= step / 2
        if abs(Fraction(rounded) - Fraction(value)) == step / 2:
            assert abs(rounded) > abs(value)


class TestLineNet:
    @vectors("line_net")
    def test_agrees_with_the_vectors(self, vector):
        net = money.line_net(
            quantity=Decimal(vector["quantity"]),
            price=Decimal(vector["price"]),
            discount_percent=Decimal(vector["discount_percent"]),
            currency=vector["currency"],
        )
        assert str(net) == vector["expected"]

    @given(quantity=quantities, price=prices, discount=discounts, currency=currencies)
    def test_rounds_the_exact_product_once(self, quantity, price, discount, currency):
        exact = Fraction(quantity) * Fraction(price) * (100 - Fraction(discount)) / 100
        scaled = exact * 10 ** money.exponent(currency)
        expected = Fraction(int(scaled + Fraction(1, 2)), 10 ** money.exponent(currency))
        net = money.line_net(quantity=quantity, price=price, discount_percent=discount, currency=currency)
        assert Fraction(net) == expected

    @given(quantity=quantities, price=prices, discount=discounts, currency=currencies)
    def test_of_a_credit_is_the_mirror(self, quantity, price, discount, currency):
        def net(quantity: Decimal) -> Decimal:
            return money.line_net(quantity=quantity, price=price, discount_percent=discount, currency=currency)

        assert net(-quantity) == -net(quantity)


class TestDocumentTotals:
    @vectors("document_totals")
    def test_agrees_with_the_vectors(self, vector):
        lines = [(category, Decimal(rate), Decimal(net)) for category, rate, net in vector["lines"]]
        for order in itertools.permutations(lines):
            totals = money.document_totals(order, vector["currency"])
            groups = [[group.category, str(group.rate), str(group.base), str(group.tax)] for group in totals.groups]
            assert groups == vector["groups"]
            assert [str(totals.net), str(totals.tax), str(totals.gross)] == [
                vector["net"],
                vector["tax"],
                vector["gross"],
            ]

    @given(document=lines_of_a_document())
    def test_of_a_full_credit_are_the_mirror(self, document):
        lines, currency = document
        invoice, credit = money.document_totals(lines, currency), money.document_totals(negated(lines), currency)
        assert (credit.net, credit.tax, credit.gross) == (-invoice.net, -invoice.tax, -invoice.gross)
        assert [(group.base, group.tax) for group in credit.groups] == [
            (-group.base, -group.tax) for group in invoice.groups
        ]

    @given(document=lines_of_a_document(), chance=st.randoms())
    def test_do_not_change_when_lines_change_places(self, document, chance):
        lines, currency = document
        shuffled = chance.sample(lines, len(lines))
        assert money.document_totals(shuffled, currency) == money.document_totals(lines, currency)

    @pytest.mark.soak("T21")
    def test_are_the_sums_of_their_lines_on_ten_thousand_random_invoices(self):
        chance = random.Random(21)
        for _ in range(10_000):
            currency = chance.choice(CURRENCIES)
            lines = [
                (
                    chance.choice("SZE"),
                    Decimal(chance.choice(RATES)),
                    money.line_net(
                        quantity=Decimal(chance.randint(1, 10**9)).scaleb(-chance.choice([0, 3, 6])),
                        price=Decimal(chance.randint(0, 10**9)).scaleb(-chance.choice([2, 4, 6])),
                        discount_percent=Decimal(chance.choice(["0", "0", "2.5", "33.3333"])),
                        currency=currency,
                    ),
                )
                for _ in range(chance.randint(1, 8))
            ]
            totals = money.document_totals(lines, currency)
            assert totals.net == sum(net for _, _, net in lines) == sum(group.base for group in totals.groups)
            assert totals.tax == sum(group.tax for group in totals.groups)
            assert totals.gross == totals.net + totals.tax
            step = Decimal(1).scaleb(-money.exponent(currency))
            for group in totals.groups:
                assert group.tax == (group.base * group.rate / 100).quantize(step, ROUND_HALF_UP)
                assert group.base == sum(net for category, rate, net in lines if (category, rate) == group_key(group))


def group_key(group: money.TaxGroup) -> tuple[str, Decimal]:
    return group.category, group.rate


class TestSpread:
    @vectors("spread")
    def test_agrees_with_the_vectors(self, vector):
        weights = [Decimal(weight) for weight in vector["weights"]]
        parts = money.spread(Decimal(vector["amount"]), weights, vector["places"])
        assert [str(part) for part in parts] == vector["expected"]

    @given(case=amounts_to_spread())
    def test_gives_out_the_whole_and_to_each_their_share_within_one_step(self, case):
        amount, weights, places = case
        parts = money.spread(amount, weights, places)
        assert sum(parts) == amount
        total = sum(weights)
        step = Fraction(1, 10**places)
        for part, weight in zip(parts, weights, strict=True):
            share = Fraction(weight) / Fraction(total) if total else Fraction(1, len(weights))
            assert abs(Fraction(part) - Fraction(amount) * share) < step
            assert part.as_tuple().exponent == -places

    @given(case=amounts_to_spread())
    def test_of_a_credit_is_the_mirror(self, case):
        amount, weights, places = case
        assert money.spread(-amount, weights, places) == [-part for part in money.spread(amount, weights, places)]

    @given(case=amounts_to_spread())
    def test_gives_the_odd_cents_to_the_largest_remainders_and_of_equals_to_the_first(self, case):
        amount, weights, places = case
        weights = weights if any(weights) else [Decimal(1)] * len(weights)
        cents, total = Fraction(abs(amount)) * 10**places, sum(map(Fraction, weights))
        exact = [cents * Fraction(weight) / total for weight in weights]
        parts = [Fraction(abs(part)) * 10**places for part in money.spread(amount, weights, places)]
        places_in_line = sorted(range(len(weights)), key=lambda n: (int(exact[n]) - exact[n], n))
        odd = [parts[n] - int(exact[n]) for n in places_in_line]
        assert odd == sorted(odd, reverse=True)

    @pytest.mark.parametrize(
        ("amount", "weights"),
        [("1.00", []), ("1.00", ["1", "-1"]), ("1.005", ["1"])],
        ids=["no weight", "a negative weight", "more places than the currency has"],
    )
    def test_refuses_what_cannot_be_shared(self, amount, weights):
        with pytest.raises(ValueError, match=r"weight|decimal places"):
            money.spread(Decimal(amount), [Decimal(weight) for weight in weights], 2)


class TestCumulativeShare:
    def bill(self, total: Decimal, steps: list[Decimal], of: Decimal, currency: str) -> list[Decimal]:
        done = billed = Decimal(0)
        bills = []
        for step in steps:
            bills.append(
                money.cumulative_share(
                    total, done_before=done, done_now=step, of=of, billed_before=billed, currency=currency
                )
            )
            done, billed = done + step, billed + bills[-1]
        return bills

    @vectors("cumulative_share")
    def test_agrees_with_the_vectors(self, vector):
        steps = [Decimal(step) for step in vector["steps"]]
        bills = self.bill(Decimal(vector["total"]), steps, Decimal(vector["of"]), vector["currency"])
        assert [str(bill) for bill in bills] == vector["expected"]

    @given(
        steps=st.lists(quantities, min_size=1, max_size=10),
        total=st.decimals(min_value=-1_000_000, max_value=1_000_000, places=3),
        currency=currencies,
    )
    def test_of_all_partial_documents_is_the_whole_to_the_cent_there_and_back(self, steps, total, currency):
        total = money.round_amount(total, currency)
        bills = self.bill(total, steps, sum(steps), currency)
        assert sum(bills) == total
        credits_too = self.bill(total, [*steps, *(-step for step in reversed(steps))], sum(steps), currency)
        assert sum(credits_too) == 0
        assert credits_too[len(steps) :] == [-bill for bill in reversed(bills)]

    @pytest.mark.parametrize("of", ["0", "-1"])
    def test_refuses_a_whole_that_is_none(self, of):
        with pytest.raises(ValueError, match="positive whole"):
            self.bill(Decimal(1), [Decimal(1)], Decimal(of), "EUR")
