"""What two administrators set up in the same moment."""

import pytest
from django.utils import timezone

from core import numbering
from core.models import NumberSeries
from core.refusals import Blocked
from core.roles import Role
from tests.factories.core import person
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
