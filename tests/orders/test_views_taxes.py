"""The pages of tax rates: what an accountant keeps there counts for the next order, and for none that was taken in."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.urls import reverse
from django.utils import timezone

from core.roles import Role
from orders.models import SalesOrderLine, TaxRate
from orders.queries import prices
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

    def test_stand_once_orders_were_taxed_by_them(self, house, client):
        one = TaxRate.objects.get(company=house.company, country="GB")
        assert not prices.has_taxed(one)
        house.draft((house.product(), 1))
        assert prices.has_taxed(one)
        page = client.get(reverse("orders:edit_tax_rate", args=[one.pk])).content.decode()
        assert "Orders were taxed by this rate, so it stands" in page
        assert "Save tax rate" not in page
        said = rate(country="GB", valid_from=f"{one.valid_from}", rate="19.6")
        for address, form in (
            (reverse("orders:edit_tax_rate", args=[one.pk]), said),
            (reverse("orders:drop_tax_rate", args=[one.pk]), {}),
        ):
            answer = client.post(address, form)
            assert (answer.status_code, "so it stands" in answer.content.decode()) == (409, True)
        assert TaxRate.objects.get(pk=one.pk).rate == 20

    def test_of_other_countries_and_days_do_not(self, house, client):
        """A rate is one by which an order was taxed only where and while it counts."""
        make = partial(TaxRate.objects.create, company=house.company, category="S", rate=20)
        french, later = (
            make(country="FR", valid_from=date(2000, 1, 1)),
            make(country="GB", valid_from=TODAY + timedelta(days=9)),
        )
        elsewhere = make(country="", valid_from=date(2000, 1, 1))
        house.draft((house.product(), 1))
        assert not any(map(prices.has_taxed, (french, later, elsewhere)))
        assert client.post(reverse("orders:drop_tax_rate", args=[french.pk])).status_code == 302
        assert not TaxRate.objects.filter(pk=french.pk).exists()
        TaxRate.objects.get(country="GB", valid_from__lt=TODAY).delete()
        house.draft((house.product(), 1))
        assert prices.has_taxed(elsewhere)

    def test_end_where_the_next_of_their_country_begins(self, house, client):
        client.post(NEW, rate(country="GB", valid_from="2031-02-03", rate="25"))
        page = client.get(RATES, {"tab": "now"}).content.decode()
        assert 'datetime="2031-02-03"' in page

    def test_are_not_for_sellers(self, house):
        assert signed_in(person(Role.SALES_ADMIN, company=house.company)).get(RATES).status_code == 403
