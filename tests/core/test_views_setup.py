"""The pages of the set-up: what is missing, and how numbers begin."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import services as billing_services
from billing.audit import CHECKS
from core import numbering
from core.models import NumberSeries
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from tests.factories.core import person, signed_in
from tests.factories.house import AT, House
from tests.factories.shipping import dispatched
from tests.pinned import assert_pinned

pytestmark = pytest.mark.django_db
YEAR = timezone.now().year
SERIES = reverse("core:series")


def edit(kind="invoice", year=YEAR):
    return reverse("core:edit_series", args=[kind, year])


class TestHome:
    def test_leads_who_begins_through_what_is_missing(self):
        page = signed_in(person(Role.ADMINISTRATOR)).get("/setup/").content.decode()
        for sentence in (
            "No address and no e-mail address yet",
            "None yet for what is sold within GB",
            "goods lie in bins",
        ):
            assert sentence in page
        assert "Go on: Company" in page

    def test_says_of_a_company_that_trades_what_is_there(self):
        house = House.open()
        house.product([5])
        page = signed_in(house.boss).get("/setup/").content.decode()
        for words in (
            "1 product<",
            "1 warehouse<",
            "1 price<",
            "1 rate<",
            "1 customer<",
            "6 bins<",
            "1 product in stock<",
        ):
            assert words in page

    def test_names_the_warehouse_that_has_no_place_to_pick_from(self):
        house = House.open()
        house.warehouses[0].bins.filter(kind="TOTE").delete()
        assert "Site 1: no bin to pick from" in signed_in(house.boss).get("/setup/").content.decode()

    def test_takes_the_same_statements_however_much_there_is(self):
        house = House.open(warehouses=3)
        house.product([5])
        client = signed_in(house.boss)
        client.get("/setup/")
        with CaptureQueriesContext(connection) as taken:
            client.get("/setup/")
        assert_pinned("core:set_up", len(taken))


class TestSeries:
    def test_begin_where_the_system_before_ended_and_count_from_there(self):
        house = House.open()
        client = signed_in(house.boss)
        said = {"begins": "re", "digits": "4", "first_value": "451"}
        assert f"RE-{YEAR}-0451" in client.post(edit() + "?preview=1", said).content.decode()
        assert not NumberSeries.objects.exists()
        assert client.post(edit(), said)["Location"] == SERIES
        assert f"RE-{YEAR}-0451" in client.get(SERIES).content.decode()
        numbers = []
        for _ in range(2):
            order = dispatched(house, (house.product([5]), 1))
            invoice = billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=timezone.now())[
                order.pk
            ]
            numbers.append(invoice.number)
        assert numbers == [f"RE-{YEAR}-0451", f"RE-{YEAR}-0452"]
        assert [drift for check in CHECKS if "series" in check.name for drift in check.find()[1]] == []
        assert "no number is missing" in client.get(SERIES, {"check": 1}).content.decode()

    def test_go_on_as_they_began_once_a_number_is_given(self):
        house = House.open()
        order = dispatched(house, (house.product([5]), 1))
        billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=timezone.now())
        with pytest.raises(Blocked, match=f"goes on as it began. INV-{YEAR}-000002 is next"):
            numbering.begin_series(
                kind="invoice", year=YEAR, beginning=numbering.Beginning("RE", 6, 9), actor=house.boss
            )
        answer = signed_in(house.boss).post(edit(), {"begins": "RE", "digits": "6", "first_value": "9"})
        assert answer.status_code == 409
        for change in ("next_value = 1", "prefix = 'RE'", "first_value = 2", "digits = 4"):
            with (
                pytest.raises(ProgrammingError, match="Cannot update rows"),
                transaction.atomic(),
                connection.cursor() as db,
            ):
                db.execute(f"UPDATE core_numberseries SET {change}")

    def test_never_begin_after_their_next(self):
        house = House.open()
        series = numbering.ensure_series(company_id=house.company.pk, kind="invoice", year=YEAR, prefix="INV")
        with pytest.raises(IntegrityError, match="goes_on_from_its_first"):
            NumberSeries.objects.filter(pk=series.pk).update(first_value=5)

    def test_of_the_next_year_look_as_those_of_this_one(self):
        boss = person(Role.ADMINISTRATOR)
        numbering.begin_series(kind="invoice", year=YEAR, beginning=numbering.Beginning("RE", 4, 451), actor=boss)
        later = numbering.ensure_series(company_id=boss.company.pk, kind="invoice", year=YEAR + 1, prefix="INV")
        assert later.next_number == f"RE-{YEAR + 1}-0001"

    @pytest.mark.parametrize(
        ("said", "status", "sentence"),
        [
            ({"begins": "CRN"}, 409, "Credit notes of"),
            ({"begins": "SO"}, 409, "Sales orders begin with SO already"),
            ({"begins": "A-B"}, 422, "One to eight letters"),
            ({"first_value": "0"}, 422, "greater than or equal to 1"),
            ({"digits": "13"}, 422, "less than or equal to 12"),
        ],
    )
    def test_are_refused_a_beginning_that_is_none_or_another_kinds(self, said, status, sentence):
        boss = person(Role.ADMINISTRATOR)
        answer = signed_in(boss).post(edit(), {"begins": "INV", "digits": "6", "first_value": "1", **said})
        assert (answer.status_code, sentence in answer.content.decode()) == (status, True)
        assert not NumberSeries.objects.exists()

    def test_are_of_this_year_and_the_next_and_of_kinds_without_gaps(self):
        client = signed_in(person(Role.ADMINISTRATOR))
        assert client.get(edit(year=YEAR + 1)).status_code == 200
        for address in (edit(year=YEAR + 2), edit(year=YEAR - 1), edit("SO"), edit("no-such")):
            assert client.get(address).status_code == 404

    def test_are_for_administrators(self):
        with pytest.raises(NotAllowed):
            numbering.begin_series(
                kind="invoice", year=YEAR, beginning=numbering.Beginning("RE", 6, 9), actor=person(Role.ACCOUNTANT)
            )

    def test_name_what_is_missing(self):
        house = House.open()
        order = dispatched(house, (house.product([5]), 1))
        billing_services.invoice_orders(order_ids=[order.pk], actor=house.boss, at=AT - timedelta(days=1))
        NumberSeries.objects.update(next_value=5)
        year = (AT - timedelta(days=1)).year
        page = signed_in(house.boss).get(SERIES, {"check": 1}).content.decode()
        assert f"INV-{year}-000002 to INV-{year}-000004" in page
        assert "Numbers are missing" in page
