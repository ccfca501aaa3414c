"""The proof of what goods cost that leave: a cent that stands on the wrong move is found, though the sums are right."""

from datetime import timedelta

import pytest
from django.db import connections

from inventory.audit import CHECKS
from inventory.models import Lot, StockLevel
from inventory.services import peg_demands
from tests.factories.house import AT, TODAY, House
from tests.factories.supply import sent
from tests.factories.transfers import drafted, leave, reach

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def broken() -> list[str]:
    return [check.name for check in CHECKS if check.find()[1]]


def test_a_cent_on_the_wrong_move_of_an_issue_is_found():
    house = House.open()
    product = house.product()
    for shelf, (units, value) in zip(house.shelves[house.warehouses[0].pk], [(2, 7), (1, 3)], strict=False):
        house.receive(product, units, value=value, shelf=shelf)
    house.issue(house.pick(house.order((product, 3))))
    assert broken() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_stockmove DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE inventory_stockmove SET value = value + CASE quantity WHEN 2 THEN 0.01 ELSE -0.01 END"
            " WHERE to_place = 'CUSTOMER'"
        )
        assert cursor.rowcount == 2
        cursor.execute("ALTER TABLE inventory_stockmove ENABLE TRIGGER USER")
    assert broken() == ["cost of an issued move = its share of what its posting took from the level"]


COMPANIES = "moves, demands and promises are of their product's company"
PRODUCTS = "a promise is of its demand's product"


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (COMPANIES, "UPDATE inventory_stockmove SET company_id = {other} WHERE to_place = 'CUSTOMER'"),
        (COMPANIES, "UPDATE inventory_stockposting SET company_id = {other} WHERE kind = 'ISSUE'"),
        (COMPANIES, "UPDATE inventory_demand SET company_id = {other}"),
        (COMPANIES, "UPDATE inventory_allocation SET company_id = {other}"),
        (COMPANIES, "UPDATE inventory_stocklevel SET company_id = {other}"),
        (COMPANIES, "UPDATE inventory_warehouse SET company_id = {other}, code = 'x' WHERE company_id <> {other}"),
        (PRODUCTS, "UPDATE inventory_demand SET product_id = {product}"),
    ],
)
def test_a_row_in_another_company_s_books_is_found(name, statement):
    house, other = House.open(), House.open()
    product, another = house.product([3]), house.product()
    house.issue(house.pick(house.order((product, 3))))
    assert broken() == []
    table = statement.split()[1]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement.format(other=other.company.pk, product=another.pk))
        assert cursor.rowcount
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert name in broken()


PEGS = "pegs of a supplier order's line are within what is open of it, and none is on one that is not on its way"
WAITS = "pegs of a demand are within what it waits for"


@pytest.mark.parametrize(
    ("names", "statement"),
    [
        ([PEGS], "UPDATE inventory_supplierorderline SET cancelled = 3"),
        ([PEGS], "UPDATE inventory_supplierorder SET status = 'CLOSED'"),
        ([PEGS, WAITS], "UPDATE inventory_allocation SET quantity = quantity + 9 WHERE status = 'SOFT'"),
        ([WAITS], "UPDATE inventory_demand SET is_held = true"),
        (["allocation status = its quantities"], "UPDATE inventory_allocation SET picked = 1 WHERE status = 'SOFT'"),
        ([COMPANIES], "UPDATE inventory_supplier SET company_id = {other} WHERE company_id <> {other}"),
        ([PRODUCTS], "UPDATE inventory_supplierorderline SET product_id = {product}"),
    ],
)
def test_a_peg_that_nobody_can_keep_is_found(names, statement):
    house, other = House.open(), House.open()
    product, another = house.product(), house.product()
    house.order((product, 4))
    sent(house, (product, 5, 5))
    assert broken() == []
    table = statement.split()[1]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement.format(other=other.company.pk, product=another.pk))
        assert cursor.rowcount
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert set(names) <= set(broken())


SHARED = (
    "UPDATE inventory_stockmove SET value = value + CASE quantity WHEN 2 THEN 0.01 ELSE -0.01 END"
    " WHERE to_place = 'TRANSIT'"
)
TRAVELS = "what a transfer has on its way, and its cost = what its moves put there and took from there"
STANDS = "a transfer stands where its lines say"
TRANSFER_PEGS = "pegs of a transfer's line are within what is to come of it"
KEEPS = "what a draft's line keeps is its own demand's, and no more than it asks for"


@pytest.mark.parametrize(
    ("names", "statement"),
    [
        ([TRAVELS], "UPDATE inventory_transferline SET received = received + 1 WHERE sent > 0"),
        ([TRAVELS], "UPDATE inventory_transferline SET settled = settled + 0.01 WHERE sent > 0"),
        ([TRAVELS], "DELETE FROM inventory_transferposting"),
        ([TRAVELS], "UPDATE inventory_stockmove SET quantity = quantity - 1 WHERE from_place = 'TRANSIT'"),
        ([STANDS], "UPDATE inventory_transfer SET status = 'RECEIVED' WHERE status = 'PART_RECEIVED'"),
        ([TRANSFER_PEGS, WAITS], "UPDATE inventory_allocation SET quantity = quantity + 9 WHERE status = 'SOFT'"),
        ([PRODUCTS], "UPDATE inventory_transferline SET product_id = {product}"),
        ([KEEPS], "UPDATE inventory_demand SET is_held = false"),
        ([COMPANIES], "UPDATE inventory_transfer SET company_id = {other}"),
        (
            [COMPANIES],
            "UPDATE inventory_warehouse SET company_id = {other}, code = id WHERE company_id <> {other}",
        ),
        (["cost of an issued move = its share of what its posting took from the level"], SHARED),
        (["issued units = consumed allocations"], "DELETE FROM inventory_stockmove WHERE to_place = 'TRANSIT'"),
    ],
)
def test_goods_on_their_way_that_no_move_took_there_are_found(names, statement):
    house, other = House.open(warehouses=2), House.open()
    product, another = house.product([0, [2, 5]]), house.product()
    house.order((product, 1))
    transfer = drafted(house, (product, 6))
    house.order((product, 4))
    peg_demands(product_ids=[product.pk], at=AT)
    leave(house, transfer)
    reach(house, transfer, 2)
    drafted(house, (house.product([0, 3]), 3))
    assert broken() == []
    table = statement.split()[2 if statement.startswith("DELETE") else 1]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement.format(other=other.company.pk, product=another.pk))
        assert cursor.rowcount
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert set(names) <= set(broken())


TRACKED = "what is tracked lies and moves by lot, and nothing else does"
KNOWS = "a promise of goods with lots knows until when they must be good, until a lot is chosen"


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (TRACKED, "UPDATE inventory_stockmove SET lot_id = NULL"),
        (TRACKED, "UPDATE inventory_binstock SET lot_id = NULL"),
        (TRACKED, "UPDATE inventory_product SET tracking = 'NONE'"),
        (TRACKED, "UPDATE inventory_lot SET company_id = {other}"),
        ("bin stock = sum of its moves", "UPDATE inventory_stockmove SET lot_id = {lot} WHERE lot_id <> {lot}"),
        ("a serial number stands for one unit at most", "UPDATE inventory_product SET tracking = 'SERIAL'"),
        (
            "nothing of a blocked lot can be sold but what a picker is on the way to",
            "UPDATE inventory_lot SET blocked_at = now()",
        ),
        (KNOWS, "UPDATE inventory_allocation SET good_until = NULL"),
        (KNOWS, "UPDATE inventory_allocation SET status = 'RELEASED'"),
        (
            "lots that last long enough lie there for all that is promised of them",
            "UPDATE inventory_lot SET expires_on = '2020-01-01' WHERE id = {lot}",
        ),
    ],
)
def test_a_lot_that_is_not_what_the_books_say_is_found(name, statement):
    house, other = House.open(), House.open()
    product = house.product(tracking="LOT")
    for shelf, lot in zip(house.shelves[house.warehouses[0].pk], ("A", "B"), strict=False):
        house.receive(product, 3, lot=lot, good_until=TODAY + timedelta(days=9), shelf=shelf)
    house.order((product, 4))
    assert broken() == []
    table = statement.split()[1]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement.format(other=other.company.pk, lot=Lot.objects.get(code="A").pk))
        assert cursor.rowcount
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert name in broken()


COUNTS = "a promise counts in its channel's pool of its level while it is on the shelf, and in no other"
HAS = "a level knows whether it has pools, and they are of its company"


@pytest.mark.parametrize(
    ("names", "statement"),
    [
        ([COUNTS], "UPDATE inventory_allocation SET pool_id = NULL"),
        ([COUNTS], "UPDATE inventory_demand SET channel_id = {other_channel} WHERE channel_id IS NOT NULL"),
        ([COUNTS], "UPDATE inventory_allocation SET pool_id = {pool} WHERE pool_id IS NULL AND status = 'FIRM'"),
        ([COUNTS, HAS], "UPDATE inventory_channelpool SET level_id = {other_level}"),
        ([HAS], "UPDATE inventory_stocklevel SET has_pools = NOT has_pools"),
        ([HAS], "UPDATE inventory_channelpool SET company_id = {other}"),
        ([HAS], "UPDATE inventory_channel SET company_id = {other}, code = 'x' WHERE company_id <> {other}"),
    ],
)
def test_a_pool_that_is_not_what_the_books_say_is_found(names, statement):
    house, other = House.open(), House.open()
    channel, product = house.channel("Web"), house.product([9])
    pool = house.pool(channel, product, 5)
    house.order((product, 3), sold_through_id=channel.pk)
    house.order((product, 1))
    assert broken() == []
    figures = {
        "other": other.company.pk,
        "other_channel": other.channel("Web").pk,
        "other_level": StockLevel.objects.get(product=house.product([1])).pk,
        "pool": pool.pk,
    }
    table = statement.split()[1]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement.format(**figures))
        assert cursor.rowcount
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert set(names) <= set(broken())
