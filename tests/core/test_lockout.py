"""Who guesses passwords is locked out (T34), and cannot get round that by anything that the browser says."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.client_address import client_address
from core.roles import Role
from tests.factories.core import PASSWORD, person

pytestmark = pytest.mark.django_db
LIMIT = 5


@pytest.fixture
def user():
    return person(Role.SALES_ADMIN, email="ann@example.com")


def try_password(password, username="ann@example.com", page="core:login", **headers):
    """Send a sign-in form as a browser that was never here."""
    return Client().post(reverse(page), {"username": username, "password": password}, headers=headers)


def guess(times, **options):
    return [try_password(f"wrong {number}", **options).status_code for number in range(times)]


class TestLockout:
    def test_answers_429_from_the_fifth_wrong_password_on(self, user):
        assert guess(LIMIT + 2) == [422] * (LIMIT - 1) + [429] * 3
        assert try_password(PASSWORD).status_code == 429

    def test_is_not_fooled_by_a_forwarded_address(self, user):
        codes = [try_password("wrong", **{"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(LIMIT)]
        assert codes[-1] == 429
        assert try_password(PASSWORD, **{"X-Forwarded-For": "198.51.100.1"}).status_code == 429

    def test_is_not_fooled_by_capitals_and_blanks(self, user):
        for username in (
            "ann@example.com",
            "ANN@example.com",
            " ann@example.com",
            "Ann@Example.com",
            "aNN@example.com ",
        ):
            try_password("wrong", username)
        assert try_password(PASSWORD).status_code == 429

    def test_has_no_second_door_beside_it(self, user):
        answer = try_password(PASSWORD, page="admin:login")
        assert answer.url == "/login/?next=/admin/"
        assert not answer.wsgi_request.user.is_authenticated

    def test_is_the_same_for_who_does_not_exist(self):
        assert guess(LIMIT, username="nobody@example.com") == [422] * (LIMIT - 1) + [429]

    def test_forgets_wrong_passwords_after_the_right_one(self, user):
        guess(LIMIT - 1)
        assert try_password(PASSWORD).status_code == 302
        assert guess(LIMIT - 1) == [422] * (LIMIT - 1)

    def test_ends_after_a_quarter_of_an_hour(self, user):
        guess(LIMIT)
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            assert try_password(PASSWORD).status_code == 302

    def test_leaves_the_same_person_alone_elsewhere(self, user):
        guess(LIMIT)
        elsewhere = Client(REMOTE_ADDR="198.51.100.7")
        answer = elsewhere.post(reverse("core:login"), {"username": user.email, "password": PASSWORD})
        assert answer.status_code == 302


class TestBehindAProxy:
    """The lock closes a person and an address: everybody behind one proxy would otherwise be one address."""

    @pytest.fixture(autouse=True)
    def proxy(self, settings):
        settings.PROXY_COUNT = 1

    def test_leaves_the_same_person_alone_elsewhere(self, user):
        assert guess(LIMIT, **{"X-Forwarded-For": "203.0.113.1"})[-1] == 429
        assert try_password(PASSWORD, **{"X-Forwarded-For": "203.0.113.1"}).status_code == 429
        assert try_password(PASSWORD, **{"X-Forwarded-For": "203.0.113.2"}).status_code == 302

    def test_is_not_fooled_by_what_the_browser_puts_before(self, user):
        told = [f"198.51.100.{number}, 203.0.113.1" for number in range(LIMIT)]
        assert [try_password("wrong", **{"X-Forwarded-For": one}).status_code for one in told][-1] == 429

    @pytest.mark.parametrize(
        ("proxies", "told", "address"),
        [
            (0, "203.0.113.1", "127.0.0.1"),
            (1, "", "127.0.0.1"),
            (1, "no address", "127.0.0.1"),
            (1, "198.51.100.1, 203.0.113.1", "203.0.113.1"),
            (1, "2001:DB8::1", "2001:db8::1"),
            (2, "198.51.100.1, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
            (2, "203.0.113.1", "127.0.0.1"),
        ],
    )
    def test_believes_its_own_proxies_alone(self, settings, rf, proxies, told, address):
        settings.PROXY_COUNT = proxies
        assert client_address(rf.get("/", headers={"X-Forwarded-For": told})) == address
