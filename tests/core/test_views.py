"""The kernel's pages: the door and its lock, the way home, the theme, and what is shown when something is wrong."""

import json
import re
from itertools import groupby

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import registry
from core.models import Membership, User
from core.roles import Role
from tests.factories.core import PASSWORD, CompanyFactory, MembershipFactory, UserFactory, person, signed_in
from tests.factories.inventory import ProductFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def sign_in(client, user, password=PASSWORD, **options):
    """Send the sign-in form."""
    return client.post(reverse("core:login"), {"username": user.email, "password": password}, **options)


@pytest.fixture
def admin():
    """Somebody with a role."""
    return person(Role.SALES_ADMIN)


class TestSignIn:
    def test_leads_to_where_the_person_wanted_to_be(self, admin):
        client = Client()
        wanted = client.get("/products/?q=lamp").url
        response = client.post(wanted, {"username": admin.email, "password": PASSWORD, "next": "/products/?q=lamp"})
        assert response.url == "/products/?q=lamp"

    def test_knows_the_address_however_it_is_capitalized(self, admin):
        response = Client().post(reverse("core:login"), {"username": f" {admin.email.upper()}", "password": PASSWORD})
        assert response.status_code == 302

    @pytest.mark.parametrize("address", ["nobody@orderly.example", ""])
    def test_keeps_the_address_and_does_not_say_which_was_wrong(self, admin, address):
        answers = [
            Client().post(reverse("core:login"), {"username": name, "password": "wrong"})
            for name in (admin.email, address)
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert f'value="{admin.email}"' in answers[0].content.decode()
        if address:
            assert answers[0].context["form"].errors == answers[1].context["form"].errors

    def test_never_sends_anyone_to_another_site(self, admin):
        typed = {"username": admin.email, "password": PASSWORD, "next": "https://evil.example/"}
        assert Client().post(reverse("core:login"), typed).url == "/"

    def test_is_refused_to_who_has_left(self, admin):
        User.objects.filter(pk=admin.pk).update(is_active=False)
        assert sign_in(Client(), admin).status_code == 422

    def test_over_a_page_is_a_form_and_then_a_signal(self, admin):
        client = Client()
        form = client.get(reverse("core:login"), headers=HTMX)
        assert b"<html" not in form.content
        assert b"hx-post" in form.content
        response = sign_in(client, admin, headers=HTMX)
        assert (response.status_code, response.content) == (200, b"")
        assert json.loads(response["HX-Trigger"]) == {"signedInAgain": {"user": admin.pk}}

    def test_over_a_page_says_what_was_wrong_in_its_place(self, admin):
        response = sign_in(Client(), admin, "wrong", headers=HTMX)
        assert response.status_code == 422
        assert b"<html" not in response.content

    def test_asks_for_the_token_of_our_pages(self, admin):
        response = sign_in(Client(enforce_csrf_checks=True), admin)
        assert response.status_code == 403
        assert b"Sign in" not in response.content


class TestLockout:
    def test_closes_after_five_wrong_passwords_and_says_for_how_long(self, admin):
        client = Client()
        codes = [sign_in(client, admin, f"wrong {n}").status_code for n in range(5)]
        assert codes == [422, 422, 422, 422, 429]
        locked = sign_in(client, admin)
        assert locked.status_code == 429
        assert b"15 minutes" in locked.content

    def test_is_told_over_a_page_in_its_place(self, admin):
        client = Client()
        for number in range(4):
            sign_in(client, admin, f"wrong {number}", headers=HTMX)
        locked = sign_in(client, admin, "wrong", headers=HTMX)
        assert locked.status_code == 429
        assert b"15 minutes" in locked.content
        assert b"<html" not in locked.content

    def test_leaves_other_people_alone(self, admin):
        for number in range(5):
            sign_in(Client(), admin, f"wrong {number}")
        assert sign_in(Client(), UserFactory()).status_code == 302


class TestHome:
    def test_leads_each_role_to_a_page_it_may_open(self):
        for role in Role:
            client = Client()
            client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
            response = client.get("/", follow=True)
            assert response.status_code == 200, role
            assert response.redirect_chain, role

    def test_stands_first_under_the_thumb_with_what_is_next_to_it_and_the_alerts(self):
        for role, places in (
            (Role.WAREHOUSE_MANAGER, ["warehouse:release_queue", "warehouse:waves", "core:alerts"]),
            (Role.ACCOUNTANT, ["billing:to_invoice", "billing:invoices", "core:alerts"]),
        ):
            client = Client()
            client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
            bar = client.get("/products/").content.decode().split('class="bottom-bar"')[1]
            assert re.findall('<a href="([^"]+)"', bar)[:3] == [reverse(place) for place in places]

    @pytest.mark.parametrize(
        ("role", "desk"),
        [
            (Role.SALES_ADMIN, "orders:queue"),
            (Role.WAREHOUSE_MANAGER, "warehouse:release_queue"),
            (Role.PICKER, "warehouse:waves"),
            (Role.SHIPPING_CLERK, "shipping:dispatch_queue"),
            (Role.ACCOUNTANT, "billing:to_invoice"),
        ],
    )
    def test_is_the_desk_where_the_roles_day_starts(self, role, desk):
        client = Client()
        client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
        assert client.get("/").url == reverse(desk)

    def test_is_what_waits_for_credit_for_who_gives_it_unless_other_orders_wait_for_them_too(self):
        queue = reverse("orders:queue")
        for roles, address in (
            ([Role.CREDIT_CONTROLLER], f"{queue}?tab=credit"),
            ([Role.CREDIT_CONTROLLER, Role.PICKER], f"{queue}?tab=credit"),
            ([Role.CREDIT_CONTROLLER, Role.SALES_ADMIN], queue),
        ):
            client = Client()
            client.force_login(person(*roles), backend="django.contrib.auth.backends.ModelBackend")
            assert client.get("/").url == address
            page = client.get("/products/").content.decode()
            links = re.findall(r'<a[^>]* href="(/orders/(?:\?[^"]*)?)"', page)
            assert set(links) == {address}
            assert len(links) == 3, "beside, below and in the menu"

    def test_tells_who_has_no_role_whom_to_ask(self):
        client = Client()
        client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
        assert b"You have no role yet" in client.get("/").content

    def test_shows_each_role_only_what_it_may_open(self):
        for role in Role:
            user = person(role)
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            for item in client.get("/", follow=True).context["navigation"]:
                assert client.get(reverse(item.url_name)).status_code == 200, (role, item)

    def test_has_a_key_of_its_own_for_each_entry_and_keeps_those_of_a_group_together(self):
        entries = list(registry.navigation)
        keys = [item.key for item in entries if item.key]
        assert len(keys) == len(set(keys))
        groups = [item.group for item in entries]
        assert len([group for group, _items in groupby(groups)]) == len(set(groups))


class TestTheme:
    @pytest.fixture
    def client(self, admin):
        client = Client()
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        return client

    @pytest.mark.parametrize(("theme", "drawn"), [("auto", "light"), ("light", "light"), ("dark", "dark")])
    def test_is_kept_and_drawn_by_the_server(self, client, theme, drawn):
        response = client.post(reverse("core:theme"), {"theme": theme, "next": "/products/"}, follow=True)
        assert f'data-theme="{theme}" data-bs-theme="{drawn}"' in response.content.decode()

    def test_of_no_such_name_is_a_bad_request(self, client, admin):
        assert client.post(reverse("core:theme"), {"theme": "pink"}).status_code == 400
        assert User.objects.get(pk=admin.pk).theme == "auto"


class TestFaults:
    def test_are_pages_for_strangers_without_a_navigation(self):
        response = Client().get("/nothing/")
        assert response.status_code == 404
        assert b"Nothing here" in response.content
        assert b"<nav" not in response.content

    def test_are_told_in_place_to_htmx(self, admin):
        client = Client()
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        response = client.get("/nothing/", headers=HTMX)
        assert response.status_code == 404
        assert b"<html" not in response.content

    def test_of_the_server_tell_a_number_for_support(self, admin, monkeypatch):
        monkeypatch.setattr("core.views.house.registry.navigation", None)
        client = Client(raise_request_exception=False)
        client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
        response = client.get("/")
        assert response.status_code == 500
        assert b"Something broke on our side" in response.content
        assert response["X-Request-ID"].encode() in response.content


class TestCompany:
    """A person of several companies works for one at a time."""

    @pytest.fixture
    def worker(self):
        user = person(Role.SALES_ADMIN)
        MembershipFactory(user=user, company=CompanyFactory(name="Second & Sons"), roles=[Role.PICKER])
        return user

    def second(self, user):
        return Membership.objects.get(user=user, company__name="Second & Sons").company

    def test_is_chosen_for_the_session_with_its_roles_and_its_rows(self, worker):
        client, other = signed_in(worker), self.second(worker)
        ours, theirs = ProductFactory(company=worker.company), ProductFactory(company=other)
        page = client.get("/products/").content.decode()
        assert (ours.sku in page, theirs.sku in page) == (True, False)
        assert "Second &amp; Sons" in page
        answer = client.post("/company/", {"company": other.pk})
        assert (answer.status_code, answer.url) == (302, "/")
        page = client.get("/products/").content.decode()
        assert (ours.sku in page, theirs.sku in page) == (False, True)
        assert client.get("/orders/").status_code == 403
        assert client.get(reverse("warehouse:waves")).status_code != 403
        assert signed_in(worker).get("/orders/").status_code == 200, "the choice is the session's"

    def test_is_none_of_those_that_they_do_not_belong_to(self, worker):
        client = signed_in(worker)
        for company in (CompanyFactory().pk, "x", "1e999", "0"):
            assert client.post("/company/", {"company": company}).status_code == 404
        assert client.post("/company/").status_code == 400
        assert client.get("/orders/").status_code == 200

    def test_that_they_left_is_forgotten(self, worker):
        client, other = signed_in(worker), self.second(worker)
        client.post("/company/", {"company": other.pk})
        Membership.objects.filter(user=worker, company=other).delete()
        assert client.get("/orders/").status_code == 200

    def test_is_not_offered_to_who_has_but_one(self, admin):
        assert 'action="/company/"' not in signed_in(admin).get("/orders/").content.decode()

    def test_takes_no_more_statements(self, worker, django_assert_num_queries):
        client, alone = signed_in(worker), signed_in(person(Role.SALES_ADMIN))
        with CaptureQueriesContext(connection) as one:
            alone.get("/products/")
        with django_assert_num_queries(len(one)):
            client.get("/products/")
