"""What customers owe and have ordered: an entry per change, balances where there is a limit, and what these stop."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.refusals import Blocked, NotAllowed
from core.roles import Role
from orders import audit, services
from orders.models import CreditAccount, CreditEntry, Customer, OrderEvent, SalesOrder
from orders.queries.credit import exposures
from tests.factories.core import person
from tests.factories.orders import AT, CustomerFactory, draft, make_order, priced, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    return CustomerFactory()


@pytest.fixture
def manager(customer):
    return person(Role.SALES_MANAGER, company=customer.company)


def account(customer):
    return CreditAccount.objects.get(pk=customer.pk)


def limit(customer, actor, amount="100", **terms):
    terms = {"limit": None if amount is None else Decimal(amount), "is_prepay": False, **terms}
    return services.set_credit_terms(customer_id=customer.pk, actor=actor, **terms)


def confirm(orders, actor):
    return services.confirm_orders(order_ids=[order.pk for order in orders], actor=actor, at=AT)


class TestCreditAccount:
    def test_is_made_with_each_customer_however_it_comes_in(self, customer):
        many = Customer.objects.bulk_create(
            Customer(company=customer.company, number=f"B-{n}", name="B", price_list=customer.price_list)
            for n in range(3)
        )
        accounts = CreditAccount.objects.filter(pk__in=[c.pk for c in [customer, *many]])
        assert [(a.company_id, a.currency, a.ceiling, a.balance) for a in accounts] == [
            (customer.company_id, "GBP", None, 0)
        ] * 4

    def test_keeps_no_balance_where_nothing_is_limited(self, customer):
        order = make_order(customer, (priced(customer), 4), confirmed=True)
        assert exposures([customer.pk]) == {customer.pk: {"GBP": order.gross}}
        assert account(customer).balance == 0
        with pytest.raises(IntegrityError, match="creditaccount_balance_kept_where_limited"), transaction.atomic():
            CreditAccount.objects.filter(pk=customer.pk).update(balance=1)


class TestConfirmOrders:
    def test_enters_what_the_order_comes_to(self, customer, manager):
        order = make_order(customer, (priced(customer), 4), confirmed=True, actor=manager)
        (entry,) = CreditEntry.objects.all()
        assert (entry.account_id, entry.order_id, entry.kind) == (customer.pk, order.pk, "CONFIRMED")
        assert (entry.amount, entry.currency, entry.reference) == (order.gross, "GBP", order.number)
        assert (entry.actor, entry.at, entry.company) == (manager, AT, customer.company)

    def test_enters_nothing_for_an_order_that_is_free(self, customer):
        make_order(customer, (priced(customer, price="0"), 4), confirmed=True)
        assert not CreditEntry.objects.exists()

    def test_refuses_an_order_that_goes_over_the_limit_and_leaves_it_a_draft(self, customer, manager):
        product = priced(customer, price="10")
        limit(customer, manager, "35")
        small, large = take_in(
            [draft(customer, (product, 1)), draft(customer, (product, 2), po_number="PO-2")], company=customer.company
        )
        results = confirm([small, large], manager)
        assert results[small.pk].number
        assert isinstance(results[large.pk], Blocked)
        assert str(results[large.pk]) == "The order takes the customer to 36.00 GBP, over the credit limit of 35.00."
        assert SalesOrder.objects.get(pk=large.pk).status == "DRAFT"
        assert account(customer).balance == 12
        assert OrderEvent.objects.filter(order=large, kind="CONFIRMED").count() == 0

    def test_lets_an_order_through_that_takes_the_limit_to_the_cent(self, customer, manager):
        limit(customer, manager, "36")
        order = make_order(customer, (priced(customer, price="10"), 3), confirmed=True)
        assert order.status == "CONFIRMED"
        assert account(customer).balance == 36

    def test_refuses_one_who_pays_first_and_has_not_paid(self, customer, manager):
        limit(customer, manager, None, is_prepay=True)
        (order,) = take_in([draft(customer, (priced(customer, price="10"), 3))], company=customer.company)
        assert "36.00 GBP of this order is not paid yet" in str(confirm([order], manager)[order.pk])
        services.move_credit(changes=[change(customer, "-36", CreditEntry.Kind.PAID)], actor=manager, at=AT)
        assert confirm([order], manager)[order.pk].number
        assert account(customer).balance == 0

    def test_refuses_an_order_in_another_currency_than_the_limit(self, customer, manager):
        (order,) = take_in([draft(customer, (priced(customer), 1))], company=customer.company)
        limit(customer, manager, "1000")
        CreditAccount.objects.filter(pk=customer.pk).update(currency="EUR")
        assert "credit is in EUR" in str(confirm([order], manager)[order.pk])

    def test_asks_the_same_number_of_statements_with_and_without_a_limit(self, customer, manager):
        product = priced(customer)
        orders = take_in([draft(customer, (product, 1), po_number=f"P{n}") for n in range(3)], company=customer.company)
        confirm(orders[:1], manager)
        with CaptureQueriesContext(connection) as free:
            confirm(orders[1:2], manager)
        limit(customer, manager, "1000")
        with CaptureQueriesContext(connection) as limited:
            confirm(orders[2:], manager)
        assert len(limited) == len(free)


def change(customer, amount, kind=CreditEntry.Kind.CONFIRMED, currency="GBP"):
    return services.CreditChange(customer.company_id, customer.pk, kind, Decimal(amount), currency, None, "X-1")


class TestMoveCredit:
    def test_writes_an_entry_per_change_in_their_order_and_none_for_nothing(self, customer, manager):
        services.move_credit(
            changes=[change(customer, "10"), change(customer, "0"), change(customer, "-4")], actor=manager, at=AT
        )
        assert list(CreditEntry.objects.order_by("pk").values_list("amount", flat=True)) == [10, -4]

    def test_moves_a_kept_balance_by_what_is_in_its_currency(self, customer, manager):
        limit(customer, manager)
        services.move_credit(
            changes=[change(customer, "10"), change(customer, "-4"), change(customer, "7", currency="EUR")],
            actor=None,
            at=AT,
        )
        assert account(customer).balance == 6
        assert exposures([customer.pk])[customer.pk] == {"GBP": 6, "EUR": 7}

    def test_is_one_statement_for_many(self, customer):
        with CaptureQueriesContext(connection) as asked:
            services.move_credit(changes=[change(customer, "1")] * 50, actor=None, at=AT)
        assert len([query for query in asked if "SAVEPOINT" not in query["sql"]]) == 1
        assert CreditEntry.objects.count() == 50

    def test_entries_are_never_changed(self, customer):
        services.move_credit(changes=[change(customer, "1")], actor=None, at=AT)
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            CreditEntry.objects.update(amount=2)


class TestSetCreditTerms:
    def test_sums_the_entries_and_keeps_the_balance_from_then_on(self, customer, manager):
        product = priced(customer, price="10")
        make_order(customer, (product, 1), confirmed=True)
        assert limit(customer, manager).balance == 12
        make_order(customer, (product, 2), confirmed=True, po_number="PO-2")
        assert account(customer).balance == 36

    def test_drops_the_balance_with_the_limit(self, customer, manager):
        limit(customer, manager)
        make_order(customer, (priced(customer), 1), confirmed=True)
        assert limit(customer, manager, None).balance == 0
        assert account(customer).ceiling is None

    def test_tells_history_what_it_was(self, customer, manager):
        limit(customer, manager)
        limit(customer, manager, "250")
        assert [row.credit_limit for row in account(customer).history.order_by("pgh_id")] == [None, 100]

    @pytest.mark.parametrize(
        ("terms", "sentence"),
        [
            ({"amount": "-1"}, "between 0"),
            ({"amount": "1.005"}, "2 decimals"),
            ({"amount": "10", "is_prepay": True}, "no credit"),
        ],
    )
    def test_refuses_what_is_no_limit(self, customer, manager, terms, sentence):
        with pytest.raises(services.CreditTermsInvalid, match=sentence):
            limit(customer, manager, **terms)

    def test_is_for_the_credit_controller_who_confirms_nothing(self, customer):
        controller = person(Role.CREDIT_CONTROLLER, company=customer.company)
        limit(customer, controller)
        assert account(customer).ceiling is not None
        with pytest.raises(NotAllowed):
            confirm([make_order(customer, (priced(customer), 1))], controller)

    def test_is_not_for_a_sales_admin_nor_for_another_company(self, customer):
        with pytest.raises(NotAllowed):
            limit(customer, person(Role.SALES_ADMIN, company=customer.company))
        with pytest.raises(CreditAccount.DoesNotExist):
            limit(customer, person(Role.ACCOUNTANT))
        assert account(customer).ceiling is None


class TestAudit:
    def test_finds_a_balance_that_is_not_its_entries(self, customer, manager):
        limit(customer, manager)
        make_order(customer, (priced(customer), 1), confirmed=True)
        assert drift() == []
        CreditAccount.objects.filter(pk=customer.pk).update(balance=1)
        assert drift() == [f"credit account {customer.pk}"]


def drift():
    return [found.subject for check in audit.CHECKS for found in check.find()[1]]
