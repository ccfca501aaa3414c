"""Keys made of what people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import normalized_reference, sort_key


class TestSortKey:
    def test_reads_as_people_expect(self):
        assert sorted(["Zebra", "Élan", "apple", "Öl", "banana", "eland"], key=sort_key) == [
            "apple",
            "banana",
            "Élan",
            "eland",
            "Öl",
            "Zebra",
        ]

    @pytest.mark.parametrize(
        ("text", "key"), [("  Straße ", "strasse"), ("\uff21\uff22", "ab"), ("Åse", "ase"), ("猫", "猫")]
    )
    def test_is_plain(self, text, key):
        assert sort_key(text) == key


class TestNormalizedReference:
    @pytest.mark.parametrize("text", ["PO-00123", "po 00123", "PO/00.123", "p_o-0 0123", "\uff30\uff2f-00123"])
    def test_is_the_same_however_it_is_written(self, text):
        assert normalized_reference(text) == "PO00123"

    @pytest.mark.parametrize(("text", "key"), [("000123", "123"), ("0", "0"), ("000", "0"), ("0-0 7", "7"), ("", "")])
    def test_has_no_zeros_in_front(self, text, key):
        assert normalized_reference(text) == key

    @given(text=st.text(max_size=30))
    def test_is_its_own_key(self, text):
        assert normalized_reference(normalized_reference(text)) == normalized_reference(text)
