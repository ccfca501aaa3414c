"""The second step, recovery codes and sessions: what lets a person in, what never does twice, what it leaves behind."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from core import access, people
from core.access import totp
from core.access.sealing import seal, unseal
from core.models import AccessEvent, RecoveryCode, SecondStep, Session, User
from core.refusals import Blocked
from core.roles import Role
from core.tasks import clear_sessions
from tests.factories.core import PASSWORD, person, signed_in

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = access.Whence("192.0.2.7", "Firefox on Linux")
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
CHOSEN = "corner-shop-lamp-31"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture
def ann() -> User:
    return person(Role.PICKER, email="ann@example.com")


def set_up(user: User, at: datetime = NOON) -> list[str]:
    """Give somebody an authenticator app, a minute before now; return the recovery codes."""
    before = at - timedelta(minutes=1)
    codes = access.confirm_app(user=user, secret=SECRET, code=code_at(before), whence=HERE, at=before)
    assert codes is not None
    return codes


def code_at(at: datetime) -> str:
    return totp.code_of(SECRET, totp.counter_at(at))


def tried(user: User, code: str, at: datetime = NOON) -> access.Answer:
    return access.check_code(user=user, code=code, whence=HERE, at=at)


def kinds(user: User) -> list[str]:
    return list(access.happened(user).values_list("kind", flat=True))


class TestCodesOfAnApp:
    # RFC 6238, appendix B: SHA-1, the last six of its eight digits
    @pytest.mark.parametrize(
        ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
    )
    def test_are_those_of_the_standard(self, seconds, code):
        assert totp.code_of(SECRET, seconds // 30) == code

    def test_are_taken_half_a_minute_early_or_late_and_no_later(self):
        for off, good in ((-60, False), (-30, True), (0, True), (30, True), (60, False)):
            found = totp.matching_counter(SECRET, code_at(NOON + timedelta(seconds=off)), NOON)
            assert (found is not None) == good, off

    def test_are_not_read_from_other_digits(self):
        assert totp.matching_counter(SECRET, "１２３４５６", NOON) is None

    def test_lie_sealed_and_open_under_a_key_of_before(self, settings, ann):
        set_up(ann)
        kept = SecondStep.objects.get(user=ann).secret
        assert SECRET not in kept
        assert unseal(kept) == SECRET
        settings.SECRET_KEY, old = "another" * 10, settings.SECRET_KEY
        assert unseal(kept) is None
        assert tried(ann, code_at(NOON)).way == ""
        settings.SECRET_KEY_FALLBACKS = [old]
        assert unseal(kept) == SECRET
        assert seal("x") != seal("x")


class TestCheckCode:
    def test_takes_each_code_of_the_app_once_and_none_that_came_before(self, ann):
        set_up(ann)
        earlier = code_at(NOON - timedelta(seconds=30))
        assert tried(ann, code_at(NOON)[:3] + " " + code_at(NOON)[3:]).way == access.APP
        assert tried(ann, code_at(NOON)).way == ""
        assert tried(ann, earlier).way == ""
        assert tried(ann, code_at(NOON + timedelta(seconds=30)), NOON + timedelta(seconds=30)).way == access.APP

    def test_takes_not_the_code_by_which_the_app_was_set_up(self, ann):
        set_up(ann, NOON + timedelta(minutes=1))
        assert tried(ann, code_at(NOON)).way == ""

    def test_takes_each_recovery_code_once_however_it_is_typed(self, ann):
        codes = set_up(ann)
        assert len(set(codes)) == access.CODES
        assert tried(ann, codes[0].upper().replace("-", " ")).way == access.RECOVERY_CODE
        assert tried(ann, codes[0]).way == ""
        assert access.ways(ann).codes_left == access.CODES - 1
        assert not RecoveryCode.objects.filter(digest__in=codes).exists()

    def test_takes_nobody_else_s_code(self, ann):
        bo = person(Role.PICKER)
        codes, _ = set_up(ann), set_up(bo)
        assert tried(bo, codes[0]).way == ""

    def test_closes_for_a_quarter_of_an_hour_after_five_wrong_ones(self, ann):
        codes = set_up(ann)
        assert [tried(ann, f"{n}" * 6).closed_until is None for n in range(5)] == [True] * 4 + [False]
        assert tried(ann, codes[0]) == access.Answer(closed_until=NOON + timedelta(minutes=15))
        assert kinds(ann)[0] == "CLOSED"
        later = NOON + timedelta(minutes=15)
        assert tried(ann, codes[0], later).way == access.RECOVERY_CODE

    def test_forgets_wrong_ones_after_a_right_one(self, ann):
        codes = set_up(ann)
        for code in codes[:2]:
            assert [tried(ann, f"{n}" * 6).closed_until for n in range(4)] == [None] * 4
            assert tried(ann, code).way


class TestSignIn:
    @pytest.fixture(autouse=True)
    def noon(self):
        with time_machine.travel(NOON, tick=False) as traveller:
            yield traveller

    def password(self, browser, password=PASSWORD, **data):
        return browser.post("/login/", {"username": "ann@example.com", "password": password, **data})

    def test_asks_nothing_more_of_who_set_up_nothing(self, client, ann):
        assert self.password(client).url == "/"
        assert client.get("/preferences/").status_code == 200

    def test_lets_nobody_in_by_the_password_alone(self, client, ann):
        set_up(ann)
        assert self.password(client).url == "/login/second-step/"
        assert client.get("/preferences/").url.startswith("/login/")
        assert client.get("/login/second-step/").status_code == 200
        assert client.post("/login/second-step/", {"code": "000000"}).status_code == 422
        assert client.post("/login/second-step/", {"code": code_at(NOON)}).url == "/"
        assert client.get("/preferences/").status_code == 200
        assert kinds(ann)[0] == "SIGNED_IN"

    def test_lets_nobody_in_by_a_code_alone(self, client, ann):
        set_up(ann)
        assert client.post("/login/second-step/", {"code": code_at(NOON)}).url == "/login/"
        assert self.password(client, "wrong").status_code == 422
        assert client.post("/login/second-step/", {"code": code_at(NOON)}).url == "/login/"

    @pytest.mark.parametrize("change", ["late", "closed", "other password"])
    def test_forgets_the_password_that_was_given(self, client, ann, noon, change):
        codes = set_up(ann)
        self.password(client)
        if change == "late":
            noon.shift(timedelta(minutes=6))
        elif change == "closed":
            User.objects.update(is_active=False)
        else:
            ann.set_password(CHOSEN)
            ann.save()
        assert client.post("/login/second-step/", {"code": codes[0]}).url == "/login/"

    def test_begins_a_session_of_its_own_at_each_step(self, client, ann):
        codes = set_up(ann)
        keys = []
        for send in (lambda: self.password(client), lambda: client.post("/login/second-step/", {"code": codes[0]})):
            send()
            keys.append(client.session.session_key)
        assert len(set(keys)) == 2
        assert list(Session.objects.values_list("session_key", flat=True)) == keys[1:]

    @pytest.mark.parametrize(
        ("wanted", "url"), [("/products/", "/products/"), ("https://evil.example/", "/"), ("//evil.example", "/")]
    )
    def test_goes_on_to_a_page_of_ours_alone(self, client, ann, wanted, url):
        codes = set_up(ann)
        self.password(client, next=wanted)
        assert client.post("/login/second-step/", {"code": codes[0], "next": wanted}).url == url

    def test_is_closed_after_five_wrong_codes_in_however_many_browsers(self, ann):
        codes = set_up(ann)
        statuses = []
        for number in range(5):
            browser = Client()
            self.password(browser)
            statuses.append(browser.post("/login/second-step/", {"code": f"{number}" * 6}).status_code)
        assert statuses == [422] * 4 + [429]
        self.password(browser)
        page = browser.post("/login/second-step/", {"code": codes[0]})
        assert page.status_code == 429
        assert "too many wrong codes" in page.content.decode()

    def test_wants_the_token_of_our_own_pages(self, ann):
        set_up(ann)
        strict = Client(enforce_csrf_checks=True)
        strict.get("/login/")
        self.password(strict, csrfmiddlewaretoken=strict.cookies["csrftoken"].value)
        assert strict.post("/login/second-step/", {"code": code_at(NOON)}).status_code == 403
        assert not AccessEvent.objects.filter(kind="SIGNED_IN").exists()

    def test_asks_over_the_page_as_well(self, ann):
        set_up(ann)
        browser = Client(headers={"HX-Request": "true"})
        asked = self.password(browser)
        assert (asked.status_code, "hx-post" in asked.content.decode()) == (200, True)
        assert browser.post("/login/second-step/", {"code": "1"}).status_code == 422
        answer = browser.post("/login/second-step/", {"code": code_at(NOON)})
        assert "signedInAgain" in answer["HX-Trigger"]

    def test_says_how_many_recovery_codes_are_left(self, client, ann):
        codes = set_up(ann)
        self.password(client)
        page = client.post("/login/second-step/", {"code": codes[0]}, follow=True)
        assert "9 are left" in page.content.decode()


class TestSecurityPage:
    @pytest.fixture
    def browser(self, ann) -> Client:
        client = Client(headers={"User-Agent": WINDOWS})
        client.post("/login/", {"username": ann.email, "password": PASSWORD})
        return client

    def test_sets_an_app_up_by_its_first_code_and_shows_codes_once(self, browser, ann):
        page = browser.get("/preferences/security/app/").content.decode()
        signed = re.search(r'name="secret" value="([^"]+)"', page)[1]
        secret = signing.loads(signed, salt="core.authenticator")["secret"]
        assert "".join(re.search(r'setup-letters">([A-Z2-7 ]+)<', page)[1].split()) == secret
        assert re.search(r'<path d="M\d', page)
        wrong = browser.post("/preferences/security/app/", {"secret": signed, "code": "x"})
        assert (wrong.status_code, secret[:4] in wrong.content.decode()) == (422, True)
        assert not access.needs_second_step(ann)
        code = totp.code_of(secret, totp.counter_at(timezone.now()))
        shown = browser.post("/preferences/security/app/", {"secret": signed, "code": code})
        codes = set(re.findall(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b", shown.content.decode()))
        assert (len(codes), shown["Cache-Control"]) == (10, "no-store")
        page = browser.get("/preferences/security/").content.decode()
        assert "10 of 10 left" in page
        assert not any(code in page for code in codes)

    @pytest.mark.parametrize("secret", ["", "x", "other"])
    def test_takes_no_secret_that_it_did_not_show_this_person(self, browser, ann, secret):
        other = signing.dumps({"user": ann.pk + 1, "secret": SECRET}, salt="core.authenticator")
        form = {"secret": other if secret == "other" else secret, "code": code_at(timezone.now())}
        assert browser.post("/preferences/security/app/", form).status_code == 422
        assert not access.needs_second_step(ann)

    def test_makes_new_codes_that_end_the_old_and_removes_all_with_the_app(self, browser, ann):
        assert browser.post("/preferences/security/codes/").status_code == 409
        old = set_up(ann)
        assert browser.post("/preferences/security/codes/").status_code == 200
        assert tried(ann, old[0]).way == ""
        for _ in range(2):
            assert browser.post("/preferences/security/app/remove/").url == "/preferences/security/"
        assert not access.needs_second_step(ann)
        assert not RecoveryCode.objects.exists()
        assert kinds(ann) == ["APP_REMOVED", "CODES", "APP_ADDED", "SIGNED_IN"]

    def test_asks_for_the_password_again_after_a_while(self, browser, ann):
        with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
            asked = browser.get("/preferences/security/app/")
            assert asked.url == "/preferences/security/confirm/?next=/preferences/security/app/"
            for door in ("app/", "app/remove/", "codes/"):
                assert "/confirm/" in browser.post(f"/preferences/security/{door}").url
            assert browser.post("/preferences/security/confirm/", {"password": "wrong"}).status_code == 422
            assert "/confirm/" in browser.get("/preferences/security/app/").url
            form = {"password": PASSWORD, "next": "https://evil.example/"}
            assert browser.post("/preferences/security/confirm/", form).url == "/preferences/security/"
            assert browser.get("/preferences/security/app/").status_code == 200

    def test_counts_wrong_passwords_there_as_at_the_door(self, browser, ann):
        tries = [browser.post("/preferences/security/confirm/", {"password": f"{n}"}).status_code for n in range(5)]
        assert tries == [422] * 4 + [429]


class TestSessions:
    def browsers(self, user: User) -> tuple[Client, Client]:
        pair = Client(headers={"User-Agent": WINDOWS}), Client()
        for browser in pair:
            browser.post("/login/", {"username": user.email, "password": PASSWORD})
        return pair

    def test_are_listed_in_plain_words(self, ann):
        here, _ = self.browsers(ann)
        signed_in(person(Role.PICKER))
        page = here.get("/preferences/security/").content.decode()
        assert page.count("Chrome on Windows</b>") == 1
        assert page.index("Chrome on Windows") < page.index("Another device")
        assert ("127.0.0.1" in page, page.count("This one")) == (True, 1)
        assert not any(key in page for key in Session.objects.values_list("session_key", flat=True))

    def test_end_one_by_one_and_stay_ended(self, ann):
        here, there = self.browsers(ann)
        stranger = signed_in(person(Role.PICKER))
        theirs = access.name_of(stranger.session.session_key)
        here.post("/preferences/security/sessions/end/", {"session": theirs})
        assert stranger.get("/preferences/").status_code == 200
        for _ in range(2):
            form = {"session": access.name_of(there.session.session_key)}
            assert here.post("/preferences/security/sessions/end/", form).status_code == 302
        assert there.get("/preferences/").url.startswith("/login/")
        assert here.get("/preferences/").status_code == 200
        assert kinds(ann).count("SIGNED_OUT") == 1

    def test_end_everywhere_else(self, ann):
        here, there = self.browsers(ann)
        here.post("/preferences/security/sessions/end-others/")
        assert (there.get("/preferences/").status_code, here.get("/preferences/").status_code) == (302, 200)
        assert list(Session.objects.filter(user=ann)) == [Session.objects.get(pk=here.session.session_key)]

    def test_end_with_another_password(self, ann):
        here, there = self.browsers(ann)
        form = {"old_password": PASSWORD, "new_password1": CHOSEN, "new_password2": CHOSEN}
        here.post("/preferences/password/", form)
        assert (there.get("/preferences/").status_code, here.get("/preferences/").status_code) == (302, 200)
        assert Session.objects.filter(user=ann).count() == 1
        assert kinds(ann)[0] == "PASSWORD"

    def test_do_not_come_back_with_who_was_let_go_and_taken_on_again(self, ann):
        boss = person(Role.ADMINISTRATOR, company=ann.company)
        here, _ = self.browsers(ann)
        people.let_go(membership_id=ann.membership.pk, actor=boss)
        people.change_person(membership_id=ann.membership.pk, name="Ann", roles=[Role.PICKER], actor=boss)
        assert here.get("/preferences/").url.startswith("/login/")

    def test_tell_when_they_were_last_seen_without_a_write_on_every_page(self, ann, django_assert_num_queries):
        here = signed_in(ann)
        row = Session.objects.get(user=ann)
        with time_machine.travel(row.seen_at + timedelta(minutes=9), tick=False):
            here.get("/preferences/")
        assert Session.objects.get(user=ann).seen_at == row.seen_at
        with time_machine.travel(row.seen_at + timedelta(minutes=10), tick=False):
            here.get("/preferences/")
        seen = Session.objects.get(user=ann)
        assert seen.seen_at == row.seen_at + timedelta(minutes=10)
        # It is used, but it ends when it would have
        assert seen.expire_date == row.expire_date

    def test_are_forgotten_once_they_have_run_out(self, ann):
        signed_in(ann)
        clear_sessions(0)
        assert Session.objects.filter(user=ann).exists()
        with time_machine.travel(timezone.now() + timedelta(hours=13), tick=False):
            clear_sessions(0)
        assert not Session.objects.filter(user=ann).exists()


class TestReset:
    def test_takes_it_all_away_says_why_and_tells_the_person_at_the_door(self, client, ann):
        set_up(ann, timezone.now())
        browser = signed_in(ann)
        boss = person(Role.ADMINISTRATOR, company=ann.company, name="Bo Reyes")
        with pytest.raises(Blocked, match="Say why"):
            access.reset(user=ann, actor=boss, reason=" ", at=timezone.now())
        access.reset(user=ann, actor=boss, reason="Phone stolen", at=timezone.now())
        assert browser.get("/preferences/").status_code == 302
        form = {"username": ann.email, "password": PASSWORD}
        page = client.post("/login/", form, follow=True).content.decode()
        assert "taken away by Bo Reyes: Phone stolen" in page
        client.post("/logout/")
        assert "taken away" not in client.post("/login/", form, follow=True).content.decode()


class TestDeviceWords:
    @pytest.mark.parametrize(
        ("agent", "words"),
        [
            (WINDOWS, "Chrome on Windows"),
            (WINDOWS + " Edg/140.0", "Edge on Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
            ("Mozilla/5.0 (Linux; Android 14; TC58) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
            ("curl/8", "Another device"),
            ("", "Another device"),
        ],
    )
    def test_say_what_people_call_it(self, agent, words):
        assert access.device_words(agent) == words
