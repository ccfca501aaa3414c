"""Two browsers that give the same code at the same moment: one of them comes in."""

from datetime import UTC, datetime, timedelta

import pytest

from core import access
from core.access import totp
from core.models import RecoveryCode, SecondStep, User
from core.roles import Role
from tests.factories.core import person
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOWHERE = access.Whence()


def try_twice_at_once(code: str) -> list[str]:
    """Give a code of the app, or a recovery code, twice at once; return by which way each passed."""
    user = person(Role.PICKER)
    secret, before = access.new_secret(), NOON - timedelta(minutes=1)
    first = totp.code_of(secret, totp.counter_at(before))
    codes = access.confirm_app(user=user, secret=secret, code=first, whence=NOWHERE, at=before)
    assert codes
    typed = codes[0] if code == access.RECOVERY_CODE else totp.code_of(secret, totp.counter_at(NOON))

    def give() -> access.Answer:
        return access.check_code(user=User(pk=user.pk), code=typed, whence=NOWHERE, at=NOON)

    return sorted(answer.way for answer in race(give, give))


@pytest.mark.parametrize("code", [access.APP, access.RECOVERY_CODE])
class TestOneCode:
    def test_lets_one_of_two_in(self, code):
        assert try_twice_at_once(code) == ["", code]

    def test_would_let_both_in_without_the_lock(self, monkeypatch, code):
        take_locks_away(monkeypatch, SecondStep, RecoveryCode, pause=1)
        assert try_twice_at_once(code) == [code, code]
