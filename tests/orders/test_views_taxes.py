"""The pages of tax rates: what an accountant keeps there counts for the next order, and for none that was taken in."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from orders.models import SalesOrderLine, TaxRate
from tests.factories.core import person, signed_in
from tests.factories.house import TODAY, House

pytestmark = pytest.mark.django_db
RATES, NEW = reverse("orders:tax_rates"), reverse("orders:create_tax_rate")


@pytest.fixture
def house():
    """A company with a warehouse."""
    return House.open()


@pytest.fixture
def client(house):
    """The accountant's browser."""
    return signed_in(person(Role.ACCOUNTANT, company=house.company))


def rate(**fields):
    return {"country": "FR", "valid_from": f"{TODAY}", "category": "S", "rate": "20", "note": "", **fields}


class TestTaxRates:
    def test_count_for_orders_of_their_day_on(self, house, client):
        product = house.product(price="100")
        before = house.draft((product, 1))
        tomorrow = TODAY + timedelta(days=1)
        answer = client.post(NEW, rate(country="GB", valid_from=f"{tomorrow}", rate="25"))
        assert answer["Location"] == RATES
        assert house.draft((product, 1)).tax == 20
        assert house.draft((product, 1), ordered_on=tomorrow, requested_on=tomorrow).tax == 25
        assert SalesOrderLine.objects.get(order=before).tax_rate == 20

    def test_are_shown_by_whether_they_count_today(self, house, client):
        today = timezone.localdate()
        for days, percent in ((-400, "15"), (0, "20"), (10, "5.5")):
            client.post(NEW, rate(valid_from=f"{today + timedelta(days=days)}", rate=percent))

        def shown(tab):
            page = client.get(RATES, {"tab": tab, "q": "FR"}).content.decode()
            return [percent for percent in ("15 %", "20 %", "5.5 %") if percent in page]

        assert (shown("now"), shown("later"), shown("over")) == (["20 %"], ["5.5 %"], ["15 %"])

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"country": "XX"}, "XX"),
            ({"rate": "101"}, "between 0 and 100"),
            ({"rate": "much"}, "in figures"),
            ({"category": "G", "rate": "5", "note": "Export"}, "Only category S has a rate"),
            ({"category": "G", "rate": "0"}, "Say why no tax is due"),
            ({"country": "GB", "valid_from": "2020-01-01"}, "from this day on already"),
        ],
    )
    def test_that_are_none_are_refused_at_their_field(self, house, client, fields, sentence):
        known = TaxRate.objects.get(company=house.company, country="GB").valid_from
        fields = {**fields, "valid_from": f"{known}"} if "already" in sentence else fields
        answer = client.post(NEW, rate(**fields))
        text = answer.content.decode()
        assert answer.status_code == 422
        assert sentence in text

    def test_can_be_corrected(self, house, client):
        one = TaxRate.objects.get(company=house.company, country="GB")
        answer = client.post(
            reverse("orders:edit_tax_rate", args=[one.pk]),
            rate(country="GB", valid_from=f"{one.valid_from}", rate="19.6"),
        )
        assert answer.status_code == 302
        assert TaxRate.objects.get(pk=one.pk).rate == Decimal("19.6")

    def test_are_not_for_sellers(self, house):
        assert signed_in(person(Role.SALES_ADMIN, company=house.company)).get(RATES).status_code == 403
