"""Compiled reads: the same rows as the query set, by one statement that never changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from core.reading import Among, Given, compiled
from inventory.models import Bin, BinStock, Product
from tests.factories.house import House

pytestmark = pytest.mark.django_db


@compiled
def stocks_of(product_ids: Given) -> QuerySet[BinStock]:
    return BinStock.objects.filter(Among(F("product_id"), product_ids)).select_related("bin").order_by("pk")


@compiled
def locked_stocks(product_ids: Given, kinds: Given) -> QuerySet[BinStock]:
    stocks = BinStock.objects.filter(Among(F("product_id"), product_ids), Among(F("bin__kind"), kinds))
    return stocks.select_related("bin").defer("bin__code").locked()


@pytest.fixture
def house() -> House:
    return House.open()


@pytest.fixture
def products(house: House) -> list[Product]:
    return [house.product(stock=[[5, 3]]), house.product(stock=[1])]


class TestCompiled:
    def test_returns_the_rows_of_the_query_set(self, products: list[Product]) -> None:
        ids = [product.pk for product in products]
        expected = list(BinStock.objects.filter(product_id__in=ids).select_related("bin").order_by("pk"))
        assert len(expected) >= 3
        for _call in range(2):  # the second is served by what the first compiled
            found = stocks_of(ids)
            assert [(stock.pk, stock.quantity, stock.bin.code) for stock in found] == [
                (stock.pk, stock.quantity, stock.bin.code) for stock in expected
            ]

    def test_joins_without_another_statement(self, products: list[Product]) -> None:
        with CaptureQueriesContext(connection) as captured:
            assert [stock.bin.warehouse_id for stock in stocks_of([product.pk for product in products])]
        assert len(captured) == 1

    def test_says_the_same_statement_for_one_and_for_many(self, products: list[Product]) -> None:
        with CaptureQueriesContext(connection) as captured:
            stocks_of([products[0].pk])
            stocks_of([product.pk for product in products] + list(range(10_000, 10_500)))
        shapes = {query["sql"].split("ANY")[0] for query in captured}
        assert len(captured) == 2
        assert len(shapes) == 1

    def test_sends_its_lists_alone_and_has_the_rest_in_its_words(self, products: list[Product]) -> None:
        Product.objects.filter(pk=products[1].pk).update(name="100% 'wool'")

        @compiled
        def named(product_ids: Given) -> QuerySet[Product]:
            return Product.objects.filter(
                Among(F("pk"), product_ids), name__contains="0% '", is_active=True, kind=Product.Kind.STOCK
            )

        ids = [product.pk for product in products]
        assert named(ids) == [products[1]]
        with CaptureQueriesContext(connection) as asked:
            named(ids)
        assert "'STOCK'" in asked[0]["sql"]
        assert named._compiled is not None
        assert (named._compiled.sql.count("%s"), len(named._compiled.params)) == (1, 1)

    def test_asks_nothing_for_an_empty_list(self, products: list[Product]) -> None:
        with CaptureQueriesContext(connection) as captured:
            assert stocks_of([]) == []
        assert not len(captured)

    def test_leaves_out_what_another_list_rules_out(self, products: list[Product]) -> None:
        with transaction.atomic():
            assert locked_stocks([product.pk for product in products], [Bin.Kind.TOTE]) != locked_stocks(
                [product.pk for product in products], [Bin.Kind.PICK]
            )

    def test_loads_deferred_columns_when_they_are_wanted(self, products: list[Product]) -> None:
        with transaction.atomic():
            stock = locked_stocks([products[0].pk], [Bin.Kind.PICK])[0]
        assert "code" in stock.bin.get_deferred_fields()
        assert stock.bin.code


@pytest.mark.django_db(transaction=True)
class TestLocks:
    def test_are_refused_outside_a_transaction(self, house: House) -> None:
        product = house.product(stock=[5])
        with transaction.atomic():
            assert locked_stocks([product.pk], [Bin.Kind.PICK])
        with pytest.raises(TransactionManagementError, match="locked_stocks"):
            locked_stocks([product.pk], [Bin.Kind.PICK])

    def test_are_taken_by_primary_key_without_the_key(self, house: House) -> None:
        product = house.product(stock=[5])
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            locked_stocks([product.pk], [Bin.Kind.PICK])
        statement: Any = captured[0]["sql"]
        assert 'ORDER BY "inventory_binstock"."id" ASC FOR NO KEY UPDATE OF "inventory_binstock"' in statement
