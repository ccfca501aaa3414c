"""Addresses as the post of each country wants them, countries in the reader's language."""

import pytest

from core.addresses import address_lines, country_name


class TestAddressLines:
    @pytest.mark.parametrize(
        ("country", "language", "expected"),
        [
            ("GB", "en", ["1 Long Lane", "Town X1", "United Kingdom"]),
            ("DE", "en", ["1 Long Lane", "X1 Town", "Germany"]),
            ("DE", "de", ["1 Long Lane", "X1 Town", "Deutschland"]),
        ],
    )
    def test_put_the_code_where_the_country_has_it(self, country, language, expected):
        address = {"name": "Ann", "street": "1 Long Lane", "city": "Town", "postcode": "X1", "country": country}
        assert address_lines(address, language) == expected

    def test_leave_out_what_is_not_there(self):
        assert address_lines({"street": "", "city": "Town", "country": "IE"}, "en") == ["Town", "Ireland"]


class TestCountryName:
    def test_reads_a_language_with_its_region(self):
        assert country_name("FR", "en-GB") == country_name("FR", "en_GB") == "France"

    def test_is_the_code_where_it_has_no_name(self):
        assert country_name("XX", "en") == "XX"
