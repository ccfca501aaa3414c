"""Taking people on, changing what they may do, letting them go, and their way in."""

import pytest
from django.test import Client

from core import people
from core.models import Membership, User
from core.refusals import Blocked, NotAllowed
from core.roles import Role
from tests.factories.core import PASSWORD, MembershipFactory, UserFactory, person, signed_in

pytestmark = pytest.mark.django_db
CHOSEN = "corner-shop-lamp-31"


@pytest.fixture
def boss() -> User:
    return person(Role.ADMINISTRATOR)


def take_on(boss: User, *roles: Role, email: str = "Ann@Orderly.Example") -> Membership:
    return people.take_on(email=email, name="Ann", roles=roles or [Role.PICKER], actor=boss)


class TestTakeOn:
    def test_makes_somebody_of_the_company_who_has_no_password_yet(self, boss):
        ann = take_on(boss, Role.PURCHASER, Role.PICKER).user
        assert (ann.email, ann.company, ann.roles) == ("ann@orderly.example", boss.company, ["PICKER", "PURCHASER"])
        assert not ann.has_usable_password()

    def test_leaves_an_account_as_it_is_that_another_company_made(self, boss):
        user = person(Role.ACCOUNTANT, email="ann@orderly.example", name="Ann Smith")
        membership = take_on(boss)
        assert membership.user == user
        user.refresh_from_db()
        assert (user.name, user.check_password(PASSWORD)) == ("Ann Smith", True)

    def test_refuses_who_works_here_already_who_gets_no_role_and_who_may_not(self, boss):
        take_on(boss)
        with pytest.raises(Blocked, match="among your people already"):
            take_on(boss)
        with pytest.raises(Blocked, match="at least one role"):
            people.take_on(email="bo@orderly.example", name="Bo", roles=[], actor=boss)
        with pytest.raises(NotAllowed):
            take_on(person(Role.SALES_MANAGER, company=boss.company), email="cy@orderly.example")
        assert Membership.objects.for_user(boss).count() == 3


class TestChange:
    def test_holds_from_the_next_click_on(self, boss):
        membership = take_on(boss)
        browser = signed_in(membership.user)
        assert browser.get("/people/").status_code == 403
        people.change_person(membership_id=membership.pk, name="Ann B.", roles=[Role.ADMINISTRATOR], actor=boss)
        assert browser.get("/people/").status_code == 200
        assert User.objects.get(pk=membership.user_id).name == "Ann B."

    def test_leaves_nobody_without_the_right_that_they_took_from_themselves(self, boss):
        with pytest.raises(Blocked, match="lock yourself out"):
            people.change_person(membership_id=boss.membership.pk, name="I", roles=[Role.PICKER], actor=boss)

    def test_leaves_the_name_to_who_works_elsewhere_too(self, boss):
        membership = take_on(boss)
        MembershipFactory(user=membership.user, roles=[])
        people.change_person(membership_id=membership.pk, name="Other", roles=[Role.PICKER], actor=boss)
        assert User.objects.get(pk=membership.user_id).name == "Ann"

    def test_reaches_nobody_of_another_company(self, boss):
        other = person(Role.PICKER)
        for verb in (
            lambda pk: people.change_person(membership_id=pk, name="X", roles=[Role.PICKER], actor=boss),
            lambda pk: people.let_go(membership_id=pk, actor=boss),
            lambda pk: people.sign_in_link(membership_id=pk, actor=boss),
        ):
            with pytest.raises(Membership.DoesNotExist):
                verb(other.membership.pk)


class TestLetGo:
    def test_closes_the_account_at_once_and_a_role_brings_it_back(self, boss):
        membership = take_on(boss)
        browser = signed_in(membership.user)
        for _ in range(2):
            people.let_go(membership_id=membership.pk, actor=boss)
        assert browser.get("/preferences/").status_code == 302
        people.change_person(membership_id=membership.pk, name="Ann", roles=[Role.PICKER], actor=boss)
        assert User.objects.get(pk=membership.user_id).is_active

    def test_takes_the_roles_alone_from_who_works_elsewhere_too(self, boss):
        membership = take_on(boss)
        MembershipFactory(user=membership.user, roles=[Role.PICKER])
        people.let_go(membership_id=membership.pk, actor=boss)
        membership.refresh_from_db()
        assert (membership.roles, User.objects.get(pk=membership.user_id).is_active) == ([], True)

    def test_is_not_for_oneself(self, boss):
        with pytest.raises(Blocked, match="yourself"):
            people.let_go(membership_id=boss.membership.pk, actor=boss)


class TestSignInLink:
    def test_opens_the_account_once_with_a_password_of_their_choice(self, boss):
        membership = take_on(boss)
        link = people.sign_in_link(membership_id=membership.pk, actor=boss)
        browser = Client()
        page = browser.get(link, follow=True)
        assert "Choose a password" in page.content.decode()
        form = page.request["PATH_INFO"]
        assert browser.post(form, {"new_password1": "short", "new_password2": "short"}).status_code == 422
        assert browser.post(form, {"new_password1": CHOSEN, "new_password2": CHOSEN}).url == "/login/"
        assert User.objects.get(pk=membership.user_id).check_password(CHOSEN)
        assert "does not work any more" in Client().get(link, follow=True).content.decode()

    def test_is_worth_nothing_after_its_days(self, boss, settings):
        link = people.sign_in_link(membership_id=take_on(boss).pk, actor=boss)
        settings.PASSWORD_RESET_TIMEOUT = -1
        assert "does not work any more" in Client().get(link, follow=True).content.decode()

    @pytest.mark.parametrize("why", ["elsewhere", "staff", "gone"])
    def test_opens_no_more_than_the_company(self, boss, why):
        membership = take_on(boss)
        if why == "elsewhere":
            MembershipFactory(user=membership.user)
        elif why == "staff":
            User.objects.filter(pk=membership.user_id).update(is_staff=True)
        else:
            people.let_go(membership_id=membership.pk, actor=boss)
        with pytest.raises(Blocked):
            people.sign_in_link(membership_id=membership.pk, actor=boss)


class TestChangePassword:
    def test_signs_out_who_else_is_signed_in_as_the_person(self):
        user = UserFactory()
        here, there = signed_in(user), signed_in(user)
        form = {"old_password": PASSWORD, "new_password1": CHOSEN, "new_password2": CHOSEN}
        assert here.post("/preferences/password/", {**form, "old_password": "wrong"}).status_code == 422
        assert here.post("/preferences/password/", form).url == "/preferences/"
        assert here.get("/preferences/").status_code == 200
        assert there.get("/preferences/").status_code == 302
