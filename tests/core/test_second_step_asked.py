"""A company that asks for a second step: who owes one sets it up first; administrators see it, and reset a lost one."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from core import access, people
from core.access import totp
from core.models import AccessEvent, Company, Session, User
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from tests.factories.core import PASSWORD, CompanyFactory, MembershipFactory, person, signed_in

pytestmark = pytest.mark.django_db
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def boss() -> User:
    return person(Role.ADMINISTRATOR, name="Bo Reyes")


@pytest.fixture
def ann(boss) -> User:
    return person(Role.ACCOUNTANT, company=boss.company, email="ann@example.com")


def set_up(user: User) -> list[str]:
    before = timezone.now() - timedelta(minutes=2)
    code = totp.code_of(SECRET, totp.counter_at(before))
    return access.confirm_app(user=user, secret=SECRET, code=code, whence=access.Whence(), at=before) or []


def ask(boss: User, *roles: Role) -> None:
    people.ask_for_second_step(roles=roles, actor=boss)


class TestAsked:
    def test_leads_who_owes_one_to_set_it_up_and_lets_them_do_nothing_else(self, boss, ann):
        ask(boss, Role.ACCOUNTANT)
        browser = Client()
        assert browser.post("/login/", {"username": ann.email, "password": PASSWORD}).url == "/"
        for method, url in (("get", "/"), ("get", "/orders/"), ("post", "/orders/new/"), ("get", "/preferences/")):
            assert getattr(browser, method)(url).url == "/preferences/security/", url
        swapped = browser.get("/orders/", headers={"HX-Request": "true"})
        assert (swapped.status_code, swapped["HX-Redirect"]) == (204, "/preferences/security/")
        page = browser.get("/preferences/security/").content.decode()
        assert "Your company asks for a second step" in page
        assert browser.get("/preferences/security/app/").status_code == 200
        from_page = browser.get("/preferences/security/app/").context["signed"]
        secret = browser.get("/preferences/security/app/").context["letters"].replace(" ", "")
        assert len(secret) == 32
        shown = browser.get("/preferences/security/app/")
        code = totp.code_of(shown.context["letters"].replace(" ", ""), totp.counter_at(timezone.now()))
        form = {"secret": shown.context["signed"], "code": code}
        assert from_page != shown.context["signed"]
        assert browser.post("/preferences/security/app/", form).status_code == 200
        assert browser.get("/preferences/").status_code == 200
        assert browser.post("/preferences/security/app/remove/").status_code == 409
        assert access.needs_second_step(ann)

    def test_asks_nobody_in_another_role_or_company(self, boss, ann):
        ask(boss, Role.PICKER)
        assert signed_in(ann).get("/preferences/").status_code == 200
        other = person(Role.PICKER)
        assert signed_in(other).get("/preferences/").status_code == 200
        ask(boss)
        assert signed_in(person(Role.PICKER, company=boss.company)).get("/preferences/").status_code == 200

    def test_asks_again_who_set_it_up_elsewhere(self, boss, ann):
        browser = signed_in(ann)
        set_up(ann)
        assert browser.get("/preferences/").status_code == 200
        ask(boss, Role.ACCOUNTANT)
        gone = browser.get("/preferences/", headers={"HX-Request": "true"})
        assert (gone.status_code, gone["HX-Trigger"]) == (401, "sessionExpired")
        assert browser.get("/preferences/").url == "/login/?next=/preferences/"

    def test_asks_where_the_person_works_now(self, boss):
        user = person(Role.PICKER)
        own = user.company
        MembershipFactory(user=user, company=boss.company, roles=[Role.ACCOUNTANT])
        ask(boss, Role.ACCOUNTANT)
        browser = signed_in(user)
        for company, status in ((boss.company, 302), (own, 200), (boss.company, 302)):
            browser.post("/company/", {"company": company.pk})
            assert browser.get("/preferences/").status_code == status, company

    def test_is_said_by_an_administrator_on_a_page(self, boss, ann):
        browser = signed_in(boss)
        assert browser.post("/people/second-step/", {"roles": ["ACCOUNTANT", "PICKER"]}).url == "/people/"
        company = Company.objects.get(pk=boss.company.pk)
        assert company.second_step_roles == ["PICKER", "ACCOUNTANT"]
        assert browser.post("/people/second-step/", {"roles": ["KING"]}).status_code == 422
        with pytest.raises(NotAllowed):
            ask(ann)


class TestReset:
    def test_is_seen_and_done_by_an_administrator_with_a_reason(self, boss, ann):
        set_up(ann)
        theirs, browser = signed_in(ann), signed_in(boss)
        told = b"".join(browser.get("/people/?format=csv").streaming_content).decode()
        assert {line.rsplit(",", 2)[-2] for line in told.splitlines()[1:]} == {"On", "Off"}
        url = f"/people/{ann.membership.pk}/second-step/"
        assert url in browser.get(f"/people/{ann.membership.pk}/").content.decode()
        assert browser.post(url, {"reason": " "}).status_code == 422
        assert access.needs_second_step(ann)
        assert browser.post(url, {"reason": "Phone lost"}).url == f"/people/{ann.membership.pk}/"
        assert not access.needs_second_step(ann)
        assert theirs.get("/preferences/").status_code == 302
        event = AccessEvent.objects.get(user=ann, kind="RESET")
        assert (event.actor, event.note) == (boss, "Phone lost")
        page = Client().post("/login/", {"username": ann.email, "password": PASSWORD}, follow=True).content.decode()
        assert "taken away by Bo Reyes: Phone lost" in page

    @pytest.mark.parametrize("who", ["oneself", "elsewhere", "staff"])
    def test_opens_no_more_than_the_company(self, boss, ann, who):
        set_up(ann)
        if who == "elsewhere":
            MembershipFactory(user=ann, company=CompanyFactory())
        User.objects.filter(pk=ann.pk).update(is_staff=who == "staff")
        target = boss if who == "oneself" else ann
        with pytest.raises(Blocked):
            people.reset_second_step(membership_id=target.membership.pk, reason="Lost", actor=boss, at=timezone.now())
        assert access.needs_second_step(ann)

    def test_is_done_on_the_server_where_no_administrator_is_left(self, boss):
        set_up(boss)
        signed_in(boss)
        out = StringIO()
        call_command("reset_second_step", boss.email.upper(), reason="Device lost", stdout=out)
        assert "by the password alone" in out.getvalue()
        assert (access.needs_second_step(boss), Session.objects.filter(user=boss).count()) == (False, 0)
        assert AccessEvent.objects.get(kind="RESET").actor is None
        for email, reason in (("nobody@example.com", "x"), (boss.email, " ")):
            with pytest.raises(CommandError):
                call_command("reset_second_step", email, reason=reason, stdout=out)
