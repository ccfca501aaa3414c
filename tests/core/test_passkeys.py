"""Passkeys: what a device signed for this page lets its person in, once; and nothing else does."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core import access
from core.models import Passkey, Session, User
from core.roles import Role
from tests.authenticator import Device
from tests.factories.core import PASSWORD, person

pytestmark = pytest.mark.django_db
SIGN_IN, ADD = "/login/passkey/", "/preferences/security/passkeys/"


@pytest.fixture
def ann() -> User:
    return person(Role.PICKER, email="ann@example.com")


def browser() -> Client:
    """Return a browser at localhost: passkeys are for a domain."""
    return Client(headers={"host": "localhost"})


def password(client: Client, user: User) -> str:
    return client.post("/login/", {"username": user.email, "password": PASSWORD}).url


def add(client: Client, device: Device, name: str = "Phone") -> object:
    options = client.get(f"{ADD}options/").json()
    return client.post(f"{ADD}new/", {"answer": device.make(options), "name": name})


def having(user: User, **device: object) -> Device:
    """Give somebody a passkey, and return the device that keeps it."""
    made, client = Device(**device), browser()
    password(client, user)
    assert add(client, made).status_code == 200
    client.logout()
    return made


def came_in(client: Client, device: Device, **lies: str) -> int:
    options = client.get(SIGN_IN).json()
    return client.post(SIGN_IN, {"answer": device.sign(options, **lies)}).status_code


class TestAdd:
    def test_keeps_it_under_a_name_with_recovery_codes_beside_the_first(self, ann):
        client = browser()
        password(client, ann)
        shown = add(client, Device())
        assert "they are shown only now" in shown.content.decode()
        assert add(client, Device(), "Yubikey").url == "/preferences/security/"
        assert list(Passkey.objects.order_by("pk").values_list("name", flat=True)) == ["Phone", "Yubikey"]
        assert access.ways(ann).codes_left == access.CODES
        page = client.get("/preferences/security/").content.decode()
        assert all(word in page for word in ("Phone", "Yubikey", "10 of 10 left", "Passkey added"))

    @pytest.mark.parametrize("wrong", ["page", "nothing", "other question", "junk", "same again"])
    def test_keeps_nothing_else(self, ann, wrong):
        client = browser()
        password(client, ann)
        device = Device(origin="https://evil.example" if wrong == "page" else "http://localhost")
        options = client.get(f"{ADD}options/").json()
        answer = device.make(options)
        if wrong == "other question":
            client.get(f"{ADD}options/")
        elif wrong == "nothing":
            del client.cookies["passkey"]
        elif wrong == "junk":
            answer = '{"id": [1], "response": 5}'
        elif wrong == "same again":
            assert client.post(f"{ADD}new/", {"answer": answer}).status_code == 200
        before = Passkey.objects.count()
        assert client.post(f"{ADD}new/", {"answer": answer}).status_code == 422
        assert Passkey.objects.count() == before

    def test_is_offered_at_its_domain_alone_and_after_the_password(self, ann):
        elsewhere, client = Client(), browser()
        for one in (elsewhere, client):
            password(one, ann)
        assert (elsewhere.get(f"{ADD}options/").status_code, elsewhere.get(SIGN_IN).status_code) == (422, 422)
        assert "opened under another address" in elsewhere.get(f"{ADD}new/").content.decode()
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            for door in ("options/", "new/"):
                assert "/confirm/" in client.get(f"{ADD}{door}").url
            for door in ("new/", "name/", "remove/"):
                assert "/confirm/" in client.post(f"{ADD}{door}").url

    def test_names_and_removes_one_s_own_alone(self, ann):
        device, client, bo = having(ann), browser(), browser()
        kept = Passkey.objects.get()
        password(bo, person(Role.PICKER))
        came_in(client, device)
        bo.post(f"{ADD}name/", {"passkey": kept.pk, "name": "Mine"})
        bo.post(f"{ADD}remove/", {"passkey": kept.pk})
        assert Passkey.objects.get(pk=kept.pk).name == "Phone"
        for number in (kept.pk, "", "x", "９", "9" * 30):
            client.post(f"{ADD}name/", {"passkey": number, "name": " Work phone "})
        assert Passkey.objects.get(pk=kept.pk).name == "Work phone"
        for row in list(Passkey.objects.all()) * 2:
            assert client.post(f"{ADD}remove/", {"passkey": row.pk}).url == "/preferences/security/"
        assert (access.needs_second_step(ann), access.ways(ann).codes_left) == (False, 0)


class TestSignIn:
    def test_needs_nothing_else(self, ann):
        device, client = having(ann), browser()
        options = client.get(SIGN_IN).json()
        assert (options["userVerification"], options.get("allowCredentials")) == ("required", None)
        answer = client.post(f"{SIGN_IN}", {"answer": device.sign(options), "next": "/products/"})
        assert answer.url == "/products/"
        assert client.get("/preferences/").status_code == 200
        assert Session.objects.get(user=ann).device == "Another device"

    @pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
    def test_goes_on_to_a_page_of_ours_alone(self, ann, wanted):
        device, client = having(ann), browser()
        answer = client.post(SIGN_IN, {"answer": device.sign(client.get(SIGN_IN).json()), "next": wanted})
        assert answer.url == "/"

    @pytest.mark.parametrize("wrong", ["page", "unheld", "handle", "unknown", "closed", "late", "other question"])
    def test_lets_nobody_else_in(self, ann, wrong):
        device, client = having(ann), browser()
        options = client.get(SIGN_IN).json()
        device.origin = "https://evil.example" if wrong == "page" else device.origin
        device.verifies = wrong != "unheld"
        device.number = b"x" * 16 if wrong == "unknown" else device.number
        User.objects.update(is_active=wrong != "closed")
        answer = device.sign(options, **({"handle": "b3JkZXJseS0x"} if wrong == "handle" else {}))
        if wrong == "other question":
            client.get(SIGN_IN)
        with time_machine.travel(timezone.now() + timedelta(minutes=6 if wrong == "late" else 0), tick=False):
            assert client.post(SIGN_IN, {"answer": answer}).status_code == 422
        assert not Session.objects.filter(user=ann).exists()

    def test_takes_each_answer_once(self, ann):
        device, client, thief = having(ann), browser(), browser()
        options = client.get(SIGN_IN).json()
        answer = device.sign(options)
        thief.cookies["passkey"] = client.cookies["passkey"].value
        assert client.post(SIGN_IN, {"answer": answer}).status_code == 302
        assert thief.post(SIGN_IN, {"answer": answer}).status_code == 422

    def test_knows_a_copied_device_by_its_count(self, ann):
        device = having(ann, counts=True)
        assert came_in(browser(), device) == 302
        device.count -= 1
        assert came_in(browser(), device) == 422

    @pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"id": "x"}', "[" * 100_000, "\0", "9" * 5000])
    def test_reads_no_junk(self, ann, answer):
        having(ann)
        client = browser()
        client.get(SIGN_IN)
        assert client.post(SIGN_IN, {"answer": answer}).status_code == 422

    def test_wants_the_token_of_our_own_pages(self, ann):
        device, strict = having(ann), Client(enforce_csrf_checks=True, headers={"host": "localhost"})
        assert strict.post(SIGN_IN, {"answer": device.sign(strict.get(SIGN_IN).json())}).status_code == 403


class TestSecondStep:
    def test_takes_the_person_s_own_passkey_after_the_password(self, ann):
        device, client = having(ann), browser()
        assert password(client, ann) == "/login/second-step/"
        page = client.get("/login/second-step/").content.decode()
        assert "Use a passkey" in page
        assert "one of your recovery codes" in page
        options = client.get(SIGN_IN).json()
        assert [key["id"] for key in options["allowCredentials"]] == [Passkey.objects.get().credential_id]
        device.verifies = False  # a security key without a PIN will do, after the password
        assert client.post(SIGN_IN, {"answer": device.sign(options)}).url == "/"

    def test_takes_nobody_else_s(self, ann):
        having(ann)
        other, client = having(person(Role.PICKER)), browser()
        password(client, ann)
        assert came_in(client, other) == 422
        # Nor what was asked at the door for what is asked behind it
        alone = browser()
        answer = other.sign(alone.get(SIGN_IN).json())
        client.cookies["passkey"] = alone.cookies["passkey"].value
        assert client.post(SIGN_IN, {"answer": answer}).status_code == 422

    def test_is_asked_over_the_page_as_well(self, ann):
        device = having(ann)
        client = Client(headers={"host": "localhost", "HX-Request": "true"})
        client.post("/login/", {"username": ann.email, "password": PASSWORD})
        assert client.post(SIGN_IN, {"answer": "x"}).status_code == 422
        answer = client.post(SIGN_IN, {"answer": device.sign(client.get(SIGN_IN).json())})
        assert json.loads(answer["HX-Trigger"])["signedInAgain"] == {"user": ann.pk}
