"""People: how they are called, which companies they belong to, and what their roles let them do."""

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from core.models import Company, NumberSeries, User, validate_language, validate_time_zone
from core.refusals import NotAllowed
from core.roles import ALL_VERBS, VERBS, Role, require
from inventory.models import Unit
from tests.factories.core import PASSWORD, CompanyFactory, MembershipFactory, UserFactory, person


@pytest.mark.django_db
class TestCreateUser:
    def test_keeps_the_address_in_lower_case(self):
        assert User.objects.create_user("Ann.Smith@Example.COM", PASSWORD).email == "ann.smith@example.com"

    def test_keeps_no_password_that_can_be_read(self):
        user = UserFactory()
        assert PASSWORD not in user.password
        assert user.check_password(PASSWORD)

    def test_without_a_password_makes_someone_who_cannot_sign_in(self):
        user = User.objects.create_user("robot@example.com")
        assert not user.has_usable_password()

    def test_leaves_capitals_to_the_database_to_refuse(self):
        with pytest.raises(IntegrityError, match="user_email_in_lower_case"):
            User.objects.create(email="Ann@example.com")

    def test_opens_the_admin_only_for_a_superuser(self):
        plain, root = UserFactory(), User.objects.create_superuser("root@example.com", PASSWORD)
        assert (plain.is_staff, plain.is_superuser) == (False, False)
        assert (root.is_staff, root.is_superuser) == (True, True)


@pytest.mark.django_db
class TestAuthenticate:
    @pytest.mark.parametrize("typed", ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.com"])
    def test_knows_people_however_their_address_is_capitalized(self, rf, typed):
        ann = UserFactory(email="ann@example.com")
        assert authenticate(rf.post("/"), username=typed, password=PASSWORD) == ann

    @pytest.mark.parametrize("password", ["", PASSWORD.upper(), PASSWORD + " "])
    def test_knows_nobody_by_a_wrong_password(self, rf, password):
        UserFactory(email="ann@example.com")
        assert authenticate(rf.post("/"), username="ann@example.com", password=password) is None


class TestVerbs:
    # Who may do what decides who can steal: a change of this table is a change of the house, not of a test.
    MAY = {
        "orders.confirm": {Role.SALES_ADMIN, Role.SALES_MANAGER},
        "orders.import": {Role.SALES_ADMIN, Role.SALES_MANAGER},
        "inventory.change_product": {Role.SALES_MANAGER},
        "warehouse.release": {Role.WAREHOUSE_MANAGER},
        "warehouse.pick": {Role.WAREHOUSE_MANAGER, Role.PICKER},
        "warehouse.pack": {Role.WAREHOUSE_MANAGER, Role.SHIPPING_CLERK},
        "shipping.dispatch": {Role.WAREHOUSE_MANAGER, Role.SHIPPING_CLERK},
        "billing.invoice": {Role.ACCOUNTANT},
        "billing.pay": {Role.ACCOUNTANT},
        "orders.view_prices": {
            *(Role.SALES_ADMIN, Role.SALES_MANAGER),
            *(Role.ACCOUNTANT, Role.CREDIT_CONTROLLER, Role.MANAGER),
        },
        "orders.set_credit": {Role.SALES_MANAGER, Role.ACCOUNTANT, Role.CREDIT_CONTROLLER},
        "dashboards.view": {Role.SALES_MANAGER, Role.MANAGER},
        "core.administer": set(),
        "core.set_up": set(),
    }

    @pytest.mark.parametrize("verb", MAY)
    def test_are_given_to_their_roles_and_to_the_administrator_only(self, verb):
        assert {role for role in Role if verb in VERBS[role]} == self.MAY[verb] | {Role.ADMINISTRATOR}

    def test_are_said_for_every_role(self):
        assert set(VERBS) == set(Role)
        assert frozenset().union(*VERBS.values()) == ALL_VERBS


@pytest.mark.django_db
class TestCan:
    def test_counts_no_role_of_another_company(self):
        """Who administers A and picks in B would otherwise confirm B's orders."""
        user = person(Role.PICKER)
        MembershipFactory(user=user, roles=[Role.ACCOUNTANT])
        assert user.verbs == VERBS[Role.PICKER]

    def test_adds_up_the_roles_in_a_company(self):
        assert person(Role.PICKER, Role.ACCOUNTANT).verbs == VERBS[Role.PICKER] | VERBS[Role.ACCOUNTANT]

    def test_says_no_to_who_has_no_role(self):
        assert person().verbs == frozenset()

    def test_says_no_to_who_belongs_nowhere(self):
        assert UserFactory().verbs == frozenset()

    def test_says_no_to_who_has_left(self):
        user = person(Role.ADMINISTRATOR)
        user.is_active = False
        assert not user.can("orders.confirm")

    def test_does_not_take_the_admin_s_door_for_a_role(self):
        assert User.objects.create_superuser("root@example.com", PASSWORD).verbs == frozenset()

    def test_asks_the_database_once(self, django_assert_num_queries):
        user = User.objects.get(pk=person(Role.PICKER).pk)
        with django_assert_num_queries(1):
            assert user.can("warehouse.pick")
            assert not user.can("billing.pay")
            assert len(user.company_ids) == 1
            assert user.company.currency == "GBP"


@pytest.mark.django_db
class TestRequire:
    def test_lets_those_pass_whose_role_includes_the_verb(self):
        require(person(Role.PICKER), "warehouse.pick")

    def test_refuses_others_and_names_the_verb(self):
        with pytest.raises(NotAllowed, match="Your roles do not include “view prices”"):
            require(person(Role.PICKER), "orders.view_prices")


@pytest.mark.django_db
class TestForUser:
    def test_shows_the_rows_of_the_company_one_works_for_only(self):
        companies = [CompanyFactory(), CompanyFactory(), CompanyFactory()]
        units = [Unit.objects.create(company=company, code="pc", name="Piece") for company in companies]
        user = person(Role.PICKER, company=companies[0])
        MembershipFactory(user=user, company=companies[2])
        assert list(Unit.objects.for_user(user)) == [units[0]]

    def test_shows_nothing_to_who_belongs_nowhere(self):
        Unit.objects.create(company=CompanyFactory(), code="pc", name="Piece")
        assert not Unit.objects.for_user(UserFactory()).exists()


@pytest.mark.django_db
class TestCompany:
    def test_is_the_first_of_one_s_own(self):
        first, second = CompanyFactory(), CompanyFactory()
        user = person(company=second)
        MembershipFactory(user=user, company=first)
        assert user.company == first

    def test_is_missing_for_who_belongs_nowhere(self):
        with pytest.raises(Company.DoesNotExist, match="belongs to no company"):
            _ = UserFactory().company

    def test_is_joined_once(self):
        user = person()
        with pytest.raises(IntegrityError, match="membership_one_per_company_and_user"):
            MembershipFactory(user=user, company=user.company)

    def test_has_days_of_its_own_time_zone(self):
        assert str(CompanyFactory(time_zone="Asia/Tokyo").zone) == "Asia/Tokyo"

    def test_cannot_be_deleted_with_rows_of_its_own(self):
        company = CompanyFactory()
        NumberSeries.objects.create(company=company, kind="INVOICE", year=2026, prefix="INV")
        with pytest.raises(IntegrityError):
            company.delete()


class TestValidateTimeZone:
    def test_knows_the_world(self):
        validate_time_zone("America/Argentina/Buenos_Aires")

    @pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "CEST"])
    def test_refuses_what_is_none(self, name):
        with pytest.raises(ValidationError, match="is not a time zone"):
            validate_time_zone(name)


class TestValidateLanguage:
    @pytest.mark.parametrize("code", ["en", "de-AT", "pt_BR"])
    def test_knows_what_papers_can_be_written_in(self, code):
        validate_language(code)

    @pytest.mark.parametrize("code", ["", "zz", "english", "en-", "../en"])
    def test_refuses_what_is_none(self, code):
        with pytest.raises(ValidationError, match="is not a language"):
            validate_language(code)
