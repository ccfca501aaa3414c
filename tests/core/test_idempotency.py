"""One effect for one key, whoever sends it how often at the same time (T8, PRODUCT.md case 50)."""

import time
from datetime import date
from decimal import Decimal

import pytest

from core.idempotency import KeyReused, Outcome, once, request_digest
from core.models import Company, IdempotencyKey
from tests.factories.core import CompanyFactory, UserFactory
from tests.race import race

THREADS = 50


def order_once(user, *, key="form-1", request=None, name="Ordered") -> Outcome:
    """Make a company under a key, as a form makes an order."""

    def effect() -> dict[str, int]:
        return {"id": CompanyFactory(name=name).pk}

    return once(actor=user, key=key, verb="test.order", request=request or {"sku": "A"}, effect=effect)


def ordered() -> int:
    return Company.objects.filter(name="Ordered").count()


@pytest.mark.django_db
class TestOnce:
    def test_runs_the_effect_and_returns_its_reference(self):
        outcome = order_once(UserFactory())
        assert outcome == Outcome({"id": Company.objects.get(name="Ordered").pk}, replayed=False)

    def test_replays_the_reference_and_runs_nothing(self):
        user = UserFactory()
        first, second = order_once(user), order_once(user)
        assert (second.reference, second.replayed) == (first.reference, True)
        assert ordered() == 1

    def test_refuses_the_key_for_another_request(self):
        user = UserFactory()
        order_once(user)
        with pytest.raises(KeyReused, match="sent before with other content"):
            order_once(user, request={"sku": "B"})
        assert ordered() == 1

    def test_refuses_the_key_for_another_verb(self):
        user = UserFactory()
        order_once(user)
        with pytest.raises(KeyReused):
            once(actor=user, key="form-1", verb="test.cancel", request={"sku": "A"}, effect=lambda: None)

    def test_takes_the_same_request_however_its_parts_are_ordered_and_typed(self):
        user = UserFactory()
        order_once(user, request={"quantity": Decimal("1.50"), "on": date(2026, 1, 1)})
        again = order_once(user, request={"on": "2026-01-01", "quantity": "1.50"})
        assert again.replayed

    def test_keeps_people_and_keys_apart(self):
        user = UserFactory()
        outcomes = [order_once(user), order_once(user, key="form-2"), order_once(UserFactory())]
        assert [outcome.replayed for outcome in outcomes] == [False, False, False]
        assert ordered() == 3

    def test_leaves_no_key_behind_an_effect_that_raises(self):
        user = UserFactory()

        def fail() -> None:
            CompanyFactory(name="Ordered")
            raise RuntimeError("half done")

        with pytest.raises(RuntimeError, match="half done"):
            once(actor=user, key="form-1", verb="test.order", request={"sku": "A"}, effect=fail)
        assert (IdempotencyKey.objects.count(), ordered()) == (0, 0)
        assert not order_once(user).replayed

    def test_stores_a_reference_known_beforehand_without_a_second_write(self, django_assert_num_queries):
        user = UserFactory()
        with django_assert_num_queries(3) as captured:  # SAVEPOINT, INSERT, RELEASE
            outcome = once(
                actor=user, key="k", verb="test.ship", request={}, effect=lambda: "ignored", reference={"ids": [1, 2]}
            )
        assert "INSERT INTO core_idempotencykey" in captured[1]["sql"]
        assert outcome == Outcome({"ids": [1, 2]}, replayed=False)
        replay = once(actor=user, key="k", verb="test.ship", request={}, effect=pytest.fail, reference={"ids": [1, 2]})
        assert replay == Outcome({"ids": [1, 2]}, replayed=True)


@pytest.mark.django_db(transaction=True)
class TestOnceInThreads:
    def test_runs_once_for_fifty_who_send_the_same_key(self):
        user = UserFactory()
        outcomes = race(*[lambda: order_once(user)] * THREADS)
        assert ordered() == 1
        assert {type(outcome) for outcome in outcomes} == {Outcome}
        assert [outcome.replayed for outcome in outcomes].count(False) == 1
        assert {outcome.reference["id"] for outcome in outcomes} == {Company.objects.get(name="Ordered").pk}

    def test_refuses_another_request_that_comes_at_the_same_time(self):
        user = UserFactory()
        outcomes = race(*(lambda sku=sku: order_once(user, request={"sku": sku}) for sku in "AB"))
        assert ordered() == 1
        assert {type(outcome) for outcome in outcomes} == {Outcome, KeyReused}

    def test_runs_for_the_second_when_the_first_fails(self):
        user = UserFactory()

        def fail() -> None:
            time.sleep(0.1)
            raise RuntimeError("half done")

        def first() -> Outcome:
            return once(actor=user, key="form-1", verb="test.order", request={"sku": "A"}, effect=fail)

        def second() -> Outcome:
            time.sleep(0.05)  # while the first one runs
            return order_once(user)

        failed, made = race(first, second)
        assert isinstance(failed, RuntimeError)
        assert isinstance(made, Outcome)
        assert not made.replayed
        assert ordered() == 1

    def test_guards_from_a_race_that_looking_first_loses(self):
        """The control: asking whether the key is there, then doing, does it more than once."""
        user = UserFactory()

        def naive() -> None:
            if not IdempotencyKey.objects.filter(user=user, key="form-1").exists():
                time.sleep(0.01)
                CompanyFactory(name="Ordered")
                IdempotencyKey.objects.get_or_create(user=user, key="form-1", verb="v", request_digest="d")

        race(*[naive] * 8)
        assert ordered() > 1


class TestRequestDigest:
    def test_differs_with_verb_and_request(self):
        digests = {request_digest("a", {"x": 1}), request_digest("b", {"x": 1}), request_digest("a", {"x": 2})}
        assert len(digests) == 3

    def test_does_not_depend_on_the_order_of_the_keys(self):
        assert request_digest("a", {"x": 1, "y": 2}) == request_digest("a", {"y": 2, "x": 1})
