"""What two administrators set up in the same moment."""

import pytest
from django.utils import timezone

from core import letters, numbering
from core.models import MessageTemplate, NumberSeries
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import Role
from inventory.models import Bin, BinStock
from inventory.queries.messages import SUPPLIER_ORDER
from inventory.services import bins
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.race import race

pytestmark = pytest.mark.django_db(transaction=True)
YEAR = timezone.now().year


class TestSeries:
    def test_of_two_kinds_never_get_the_same_prefix(self):
        boss = person(Role.ADMINISTRATOR)
        for turn in range(10):
            beginning = numbering.Beginning(f"X{turn}", 6, 1)

            def begin(kind, beginning=beginning):
                return numbering.begin_series(kind=kind, year=YEAR, beginning=beginning, actor=boss)

            outcomes = race(lambda: begin("invoice"), lambda: begin("credit_note"))
            assert {type(outcome) for outcome in outcomes} == {NumberSeries, Blocked}
            assert NumberSeries.objects.filter(prefix=f"X{turn}").count() == 1


class TestRetiringABin:
    def test_never_leaves_goods_in_a_bin_that_is_retired(self):
        house = House.open()
        for _ in range(8):
            product = house.product()
            place = Bin.objects.create(warehouse=house.warehouses[0], code=f"R-{house.made}", sequence=50)
            outcomes = race(
                lambda place=place: bins.retire_bins(bin_ids=[place.pk], actor=house.boss, at=AT)[place.pk],
                lambda place=place, product=product: house.receive(product, 1, shelf=place),
            )
            place.refresh_from_db()
            full = BinStock.objects.filter(bin=place, quantity__gt=0).exists()
            assert full is not (place.kind == Bin.Kind.RETIRED), outcomes
            assert all(not isinstance(outcome, Exception) or isinstance(outcome, Refused) for outcome in outcomes)


class TestMessages:
    def test_of_two_who_began_with_the_same_words_one_is_told(self):
        boss = person(Role.ADMINISTRATOR)
        for turn in range(8):
            seen = letters.wording_for(company_id=boss.company.pk, kind=SUPPLIER_ORDER, language="de").digest

            def keep(words, seen=seen):
                wording = letters.Wording(words, words)
                return letters.keep_wording(kind=SUPPLIER_ORDER, language="de", wording=wording, seen=seen, actor=boss)

            outcomes = race(lambda turn=turn: keep(f"Mine {turn}"), lambda turn=turn: keep(f"Yours {turn}"))
            assert {type(outcome) for outcome in outcomes} == {MessageTemplate, ChangedMeanwhile}
