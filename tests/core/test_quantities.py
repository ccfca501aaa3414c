"""The quantity arithmetic: conversions as fractions, and the two ways to round to a step."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.quantities import Conversion, from_stock, in_steps, to_stock
from tests.core.vectors import vectors

ROUNDING = {"down": ROUND_FLOOR, "half up": ROUND_HALF_UP}
ONE, MICRO = Decimal(1), Decimal("0.000001")

conversions = st.builds(Conversion, st.integers(1, 10_000), st.integers(1, 1_000))
steps = st.sampled_from([MICRO, Decimal("0.01"), Decimal("0.1"), Decimal("0.5"), ONE, Decimal(6)])
quantities = st.decimals(min_value=0, max_value=1_000_000, places=6)


class TestConversion:
    @pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (1, 0), (-12, 1), (12, -1)])
    def test_refuses_what_is_no_fraction_of_whole_numbers(self, numerator, denominator):
        with pytest.raises(ValueError, match="positive whole numbers"):
            Conversion(numerator, denominator)


class TestToStock:
    @vectors("to_stock")
    def test_agrees_with_the_vectors(self, vector):
        converted = to_stock(
            Decimal(vector["quantity"]),
            Conversion(vector["numerator"], vector["denominator"]),
            Decimal(vector["step"]),
            rounding=ROUNDING[vector["rounding"]],
        )
        assert str(converted) == vector["expected"]

    @given(quantity=quantities, conversion=conversions, step=steps)
    def test_rounds_down_to_whole_steps_unless_told_otherwise_so_that_no_more_is_reserved_than_was_asked(
        self, quantity, conversion, step
    ):
        asked = Fraction(quantity) * conversion.numerator / conversion.denominator
        reserved = Fraction(to_stock(quantity, conversion, step))
        assert reserved <= asked < reserved + Fraction(step)
        assert reserved % Fraction(step) == 0

    @given(quantity=quantities, conversion=conversions, step=steps)
    def test_bills_half_a_step_up(self, quantity, conversion, step):
        asked = Fraction(quantity) * conversion.numerator / conversion.denominator
        billed = Fraction(to_stock(quantity, conversion, step, rounding=ROUND_HALF_UP))
        assert -Fraction(step) / 2 < billed - asked <= Fraction(step) / 2


class TestFromStock:
    @vectors("from_stock")
    def test_agrees_with_the_vectors(self, vector):
        converted = from_stock(
            Decimal(vector["quantity"]),
            Conversion(vector["numerator"], vector["denominator"]),
            Decimal(vector["step"]),
            rounding=ROUNDING[vector["rounding"]],
        )
        assert str(converted) == vector["expected"]

    @given(pieces=st.integers(0, 100_000), per_box=st.integers(1, 10_000))
    def test_comes_back_to_the_same_pieces_for_every_size_of_box(self, pieces, per_box):
        box = Conversion(per_box)
        boxes = from_stock(Decimal(pieces), box, MICRO)
        assert to_stock(boxes, box, ONE, rounding=ROUND_HALF_UP) == pieces

    @given(count=st.integers(0, 100_000), conversion=conversions)
    def test_comes_back_to_the_same_units_for_every_pair(self, count, conversion):
        # A stock unit finer than the unit it came from holds it exactly or within half of its step.
        stock = to_stock(Decimal(count), conversion, MICRO, rounding=ROUND_HALF_UP)
        assert from_stock(stock, conversion, ONE) == count


class TestInSteps:
    @pytest.mark.parametrize(("quantity", "step"), [("60", "1"), ("33.60", "0.01"), ("0", "1"), ("1.000000", "1")])
    def test_lets_whole_steps_pass(self, quantity, step):
        assert in_steps(Decimal(quantity), Decimal(step))

    @pytest.mark.parametrize(("quantity", "step"), [("1.5", "1"), ("0.005", "0.01"), ("7", "6")])
    def test_finds_what_lies_between_steps(self, quantity, step):
        assert not in_steps(Decimal(quantity), Decimal(step))
