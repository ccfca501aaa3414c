"""Founding a company, and changing what it says of itself."""

import re
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from core import companies
from core.banking import is_bic, is_iban
from core.models import Company, Membership, User
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from orders.models import Customer
from tests.factories.core import PASSWORD, CompanyFactory, person, signed_in
from tests.factories.house import House

pytestmark = pytest.mark.django_db
EDIT = reverse("core:edit_company")
SAID = {
    "name": "Acme Ltd",
    "language": "en",
    "address": "1 Quay\nHull",
    "country": "GB",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "vat_number": "gb 123 4567 82",
    "iban": "GB33 BUKB 2020 1555 5555 55",
    "bic": "bukbgb22",
}
FOUNDED = {
    "country": "GB",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "administrator": "Ann@Acme.example",
    "administrator_name": "Ann",
}


class TestNumbersOfAccounts:
    @pytest.mark.parametrize(
        ("number", "holds"),
        [
            ("GB33BUKB20201555555555", True),
            ("DE89370400440532013000", True),
            ("NO9386011117947", True),
            ("MT84MALT011000012345MTLCAST001S", True),
            ("GB33BUKB20201555555556", False),
            ("GB34BUKB20201555555555", False),
            ("ZZ33BUKB20201555555555", False),
            ("GB33", False),
        ],
    )
    def test_of_an_iban_fit_its_check_digits(self, number, holds):
        assert is_iban(number) is holds

    @pytest.mark.parametrize(
        ("code", "holds"),
        [("BUKBGB22", True), ("DEUTDEFF500", True), ("BUKBGB2", False), ("BUKBZZ22", False), ("BUK1GB22", False)],
    )
    def test_of_a_bank_have_the_form_of_a_bic(self, code, holds):
        assert is_bic(code) is holds


class TestFound:
    def test_makes_an_empty_company_whose_administrator_chooses_a_password_and_sets_it_up(self, capsys):
        call_command("found_company", "acme", "Acme Ltd", **FOUNDED)
        ann = User.objects.get(email="ann@acme.example")
        assert (ann.company.name, ann.roles) == ("Acme Ltd", [Role.ADMINISTRATOR])
        assert ann.company.events.get().pgh_context["command"] == "found_company"
        link = re.search(r"https://[^/]+(/welcome/\S+)", capsys.readouterr().out)[1]
        client = Client()
        page = client.get(link, follow=True)
        chosen = "corner-shop-lamp-31"
        client.post(page.request["PATH_INFO"], {"new_password1": chosen, "new_password2": chosen})
        ann.refresh_from_db()
        assert ann.check_password(chosen)
        assert "No address and no e-mail address yet" in signed_in(ann).get("/setup/").content.decode()

    def test_refuses_what_is_there_already_and_what_cannot_be(self):
        call_command("found_company", "acme", "Acme Ltd", **FOUNDED)
        with pytest.raises(CommandError, match="There is a company “acme” already"):
            call_command("found_company", "acme", "Acme Ltd", **FOUNDED)
        with pytest.raises(CommandError, match="Mars is not a time zone"):
            call_command("found_company", "other", "Other", **{**FOUNDED, "time_zone": "Mars"})
        with pytest.raises(CommandError, match="GBX is no currency"):
            call_command("found_company", "other", "Other", **{**FOUNDED, "currency": "GBX"})
        with pytest.raises(CommandError, match="XX is no country"):
            call_command("found_company", "other", "Other", **{**FOUNDED, "country": "XX"})
        assert Company.objects.get().code == "acme"

    def test_leaves_the_account_of_somebody_who_has_one(self, capsys):
        ann = person(Role.PICKER, email="ann@acme.example", name="Ann Smith")
        call_command("found_company", "acme", "Acme Ltd", **FOUNDED)
        ann.refresh_from_db()
        assert (ann.name, ann.check_password(PASSWORD), ann.memberships.count()) == ("Ann Smith", True, 2)
        assert "welcome" not in capsys.readouterr().out


class TestChange:
    def test_is_kept_as_papers_and_banks_write_it_and_says_by_whom(self):
        boss = person(Role.ADMINISTRATOR)
        answer = signed_in(boss).post(EDIT, SAID)
        assert answer["Location"] == "/setup/"
        company = Company.objects.get()
        assert (company.name, company.address) == ("Acme Ltd", "1 Quay\nHull")
        assert (company.vat_number, company.iban, company.bic) == (
            "GB 123 4567 82",
            "GB33BUKB20201555555555",
            "BUKBGB22",
        )
        assert company.events.order_by("pgh_id").last().pgh_context["user"] == boss.pk

    def test_says_on_which_days_it_works(self):
        boss = person(Role.ADMINISTRATOR)
        assert Company.objects.get().is_always_open
        days = {"weekdays": ["1", "5"], "holidays": "2026-12-25\n\n2026-12-24"}
        assert signed_in(boss).post(EDIT, {**SAID, **days}).status_code == 302
        company = Company.objects.get()
        assert (company.week, company.holidays) == ("Mon, Fri", [date(2026, 12, 24), date(2026, 12, 25)])
        assert company.working_day(date(2026, 12, 22)) == date(2026, 12, 28)
        page = signed_in(boss).get(EDIT).content.decode()
        assert "2026-12-24\n2026-12-25" in page
        answer = signed_in(boss).post(EDIT, {**SAID, "holidays": "25 Dec"})
        assert (answer.status_code, "“25 Dec” is no day" in answer.content.decode()) == (422, True)

    def test_says_in_which_language_new_partners_are_written_to(self):
        house = House.open()
        client = signed_in(house.boss)
        company = {"name": "Acme", "country": "GB", "currency": "GBP", "time_zone": house.company.time_zone}
        assert client.post(EDIT, {**company, "language": "de"}).status_code == 302
        chosen = '<option value="de" selected>German</option>'
        for page in (EDIT, reverse("orders:create_customer"), reverse("supply:create_supplier")):
            assert chosen in client.get(page).content.decode()
        keyed = {"number": "C-7", "name": "Seven", "price_list": house.prices.pk, "terms_days": 30, "is_active": "on"}
        more = {"ship_policy": "PARTIAL", "ship_minimum": 0, "invoice_on": "DISPATCH"}
        client.post(reverse("orders:create_customer"), {**keyed, **more})
        assert Customer.objects.get(number="C-7").language == "de"
        client.post(reverse("orders:create_customer"), {**keyed, **more, "number": "C-8", "language": "fr"})
        assert Customer.objects.get(number="C-8").language == "fr"
        # One that came by a file is offered as it is
        Customer.objects.filter(number="C-8").update(language="de-AT")
        page = client.get(
            reverse("orders:edit_customer", args=[Customer.objects.get(number="C-8").pk])
        ).content.decode()
        assert '<option value="de-AT" selected>' in page

    @pytest.mark.parametrize(
        ("field", "text", "sentence"),
        [
            ("iban", "GB34BUKB20201555555555", "This is no IBAN"),
            ("bic", "BUKB", "A BIC has 8 or 11"),
            ("vat_number", "123", "begins with its country"),
            ("currency", "GBX", "GBX is no currency"),
            ("time_zone", "Mars", "Mars"),
        ],
    )
    def test_is_refused_at_its_field_with_what_was_typed(self, field, text, sentence):
        boss = person(Role.ADMINISTRATOR)
        answer = signed_in(boss).post(EDIT, {**SAID, field: text})
        page = answer.content.decode()
        assert (answer.status_code, sentence in page, "1 Quay" in page) == (422, True, True)
        assert Company.objects.get().name == boss.company.name

    def test_leaves_currency_and_time_zone_once_there_are_stock_and_orders(self):
        house = House.open()
        assert companies.frozen_columns(house.company) == {}
        product = house.product([5])
        assert list(companies.frozen_columns(house.company)) == ["currency"]
        house.draft((product, 1))
        said = {"currency": "EUR", "time_zone": "Europe/Paris"}
        for column, value in said.items():
            with pytest.raises(Blocked, match="Stands"):
                companies.change_company(said={column: value}, actor=house.boss)
        page = signed_in(house.boss).get(EDIT).content.decode()
        assert "Stands: the days of its orders begin and end by it." in page
        # What cannot be changed is not asked of who changes the rest
        answer = signed_in(house.boss).post(EDIT, {**SAID, **said})
        house.company.refresh_from_db()
        assert (answer.status_code, house.company.name) == (302, "Acme Ltd")
        assert (house.company.currency, house.company.time_zone) == ("GBP", "Europe/London")

    def test_tells_the_second_of_two_administrators(self):
        boss = person(Role.ADMINISTRATOR)
        seen = re.search(r'name="seen" value="(\w+)"', signed_in(boss).get(EDIT).content.decode())[1]
        other = person(Role.ADMINISTRATOR, company=boss.company)
        signed_in(other).post(EDIT, SAID)
        answer = signed_in(boss).post(EDIT, {**SAID, "name": "Mine", "seen": seen})
        assert (answer.status_code, "Somebody changed this" in answer.content.decode()) == (422, True)
        assert Company.objects.get().name == "Acme Ltd"

    def test_is_for_administrators_and_of_their_own_company(self):
        with pytest.raises(NotAllowed):
            companies.change_company(said={"name": "Mine"}, actor=person(Role.SALES_MANAGER))
        other = CompanyFactory()
        companies.change_company(said={"name": "Mine"}, actor=person(Role.ADMINISTRATOR))
        other.refresh_from_db()
        assert other.name != "Mine"
        assert Membership.objects.filter(company=other).count() == 0
