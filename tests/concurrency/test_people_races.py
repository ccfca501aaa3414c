"""Two administrators who change each other at the same moment: one of them stays."""

import pytest

from core import people
from core.models import Membership
from core.refusals import NotAllowed
from core.roles import Role
from tests.factories.core import CompanyFactory, person, signed_in
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


def take_each_others_role():
    """Let two administrators of one company make each other pickers; return what came of it, and who is left."""
    company = CompanyFactory()
    bosses = [person(Role.ADMINISTRATOR, company=company) for _ in range(2)]
    pairs = list(zip(bosses, reversed(bosses), strict=True))
    for boss in bosses:
        assert boss.verbs  # as in a request, which asked for them before

    def change(actor, other):
        return people.change_person(membership_id=other.membership.pk, name="X", roles=[Role.PICKER], actor=actor)

    outcomes = race(*[lambda pair=pair: change(*pair) for pair in pairs])
    return outcomes, Membership.objects.filter(company=company, roles=[Role.ADMINISTRATOR]).count()


class TestTwoAdministrators:
    def test_do_not_lock_their_company_out(self):
        outcomes, left = take_each_others_role()
        assert left == 1
        assert sorted(type(outcome) for outcome in outcomes if isinstance(outcome, Exception)) == [NotAllowed]

    def test_would_without_the_locks(self, monkeypatch):
        take_locks_away(monkeypatch, Membership)
        outcomes, left = take_each_others_role()
        assert left == 0, outcomes


def test_a_sign_in_link_is_made_by_a_click():
    """Not in the transaction in which other tests run."""
    boss = person(Role.ADMINISTRATOR)
    membership = people.take_on(email="ann@orderly.example", name="Ann", roles=[Role.PICKER], actor=boss)
    page = signed_in(boss).post(f"/people/{membership.pk}/link/")
    assert (page.status_code, "/welcome/" in page.content.decode()) == (200, True)
