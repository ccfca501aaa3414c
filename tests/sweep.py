"""What the sweeps over every address share: the addresses themselves, from the resolver, and a house to try them on."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from billing import services as billing_services
from billing import tasks as billing_tasks
from billing.models import Invoice
from core import intake, notes
from core.models import Audience, Note, Notice, SavedView, User
from core.models.views import EVERYBODY
from core.queues import QueueView
from core.roles import Role
from inventory import services as inventory_services
from inventory.models import (
    BrokenPeg,
    Calendar,
    Inspection,
    Lane,
    Lot,
    ReorderRule,
    Substitute,
    SupplierOrderLine,
)
from orders import services as orders_services
from orders.models import (
    AllocationRun,
    CancelReason,
    CustomerAddress,
    CustomerPart,
    Hold,
    LinePart,
    Price,
    Rule,
    SalesOrder,
    TaxRate,
)
from returns.models import Grade
from shipping.models import Carrier, Shipment
from tests.factories.core import person
from tests.factories.house import AT, House
from tests.factories.returns import asked, decided, inspected, received
from tests.factories.shipping import dispatched
from tests.factories.supply import arrive, sent, supplier
from tests.factories.transfers import drafted as kept
from tests.factories.transfers import leave
from tests.factories.warehouse import packed, picked, released
from warehouse import services as warehouse_services
from warehouse.models import Count, Parcel, PickTask, PutBack, Wave

# No price or sum of the house can be taken for a date, a key or a quantity.
PRICE, QUANTITY = Decimal("1234.56"), 7
AMOUNTS = (PRICE, PRICE * QUANTITY, PRICE * QUANTITY * Decimal("0.2"), PRICE * QUANTITY * Decimal("1.2"))
IMPORT_HEADER = "PO number,customer,SKU,quantity,price,date"
PRODUCT_NAME, CUSTOMER_NAME = "Quixotic lamp", "Zanzibar Traders"
NOT_OURS = {"admin", "static"}
PROBES = {"healthz", "readyz"}


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the resolver: its name, what stands in it, the methods of its view, and whether that is a queue."""

    name: str
    parameters: tuple[str, ...]
    methods: frozenset[str]
    is_queue: bool


def addresses() -> list[Address]:
    """Return every address of the product, the administration's apart."""
    return sorted(_walk(get_resolver(), ()), key=lambda address: address.name)


def _walk(resolver: URLResolver, spaces: tuple[str, ...]) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace not in NOT_OURS:
                yield from _walk(pattern, (*spaces, *filter(None, [pattern.namespace])))
        else:
            name, view = ":".join([*spaces, str(pattern.name)]), getattr(pattern.callback, "view_class", object)
            yield Address(name, _parameters(pattern), _methods(pattern), issubclass(view, QueueView))


def _parameters(pattern: URLPattern) -> tuple[str, ...]:
    return tuple(pattern.pattern.converters)


def _methods(pattern: URLPattern) -> frozenset[str]:
    view: Any = getattr(pattern.callback, "view_class", None)
    if view is None:
        return frozenset({"get"} if pattern.name in PROBES else {"get", "post"})
    return frozenset(name for name in view.http_method_names if hasattr(view, name))


@dataclass
class World:
    """A house with an order at each stage, and what stands in the address of each page of it."""

    house: House
    orders: dict[str, SalesOrder] = field(default_factory=dict)
    subjects: dict[str, int] = field(default_factory=dict)

    @classmethod
    def build(cls) -> World:
        """Open a house and trade in it until every page has something to show."""
        house = House.open()
        world = cls(house)
        house.customer.name = CUSTOMER_NAME
        house.customer.save()
        product = house.product([999], price=str(PRICE))
        product.name = PRODUCT_NAME
        product.save()
        lines = (product, QUANTITY)
        unmoved = house.product(price=str(PRICE))
        tracked = house.product(tracking="LOT")
        for code in ("L-1", "L-2"):
            house.receive(tracked, 9, lot=code)
        held_lot = Lot.objects.get(company=house.company, code="L-2")
        warehouse_services.hold_lot(lot_id=held_lot.pk, reason="Smell", actor=house.boss, at=AT)
        world.orders = {
            "draft": house.draft(lines),
            "confirmed": house.order(lines),
            "waiting": house.order((unmoved, QUANTITY)),
            "released": released(house, lines),
            "picked": picked(house, lines),
            "packed": packed(house, lines),
            "dispatched": dispatched(house, lines),
        }
        shipped = dispatched(house, lines)
        rare = house.product([9], price=str(PRICE))
        task = PickTask.objects.get(order=released(house, (rare, QUANTITY)))
        short = warehouse_services.Short(task.pk, Decimal(3), PickTask.Reason.FEWER)
        warehouse_services.pick_short(shorts=[short], actor=house.boss, at=AT)
        # The house's day is not over yet, and what is to arrive must have left before now
        Shipment.objects.update(dispatched_at=timezone.now() - timedelta(days=1))
        invoice = billing_services.invoice_orders(order_ids=[shipped.pk], actor=house.boss, at=AT)[shipped.pk]
        assert isinstance(invoice, Invoice), invoice
        billing_tasks.render_invoices([invoice.pk])
        world.orders["invoiced"] = shipped
        returned = dispatched(house, lines)
        paid = billing_services.invoice_orders(order_ids=[returned.pk], actor=house.boss, at=AT)[returned.pk]
        assert isinstance(paid, Invoice), paid
        billing_services.pay_invoices(invoice_ids=[paid.pk], actor=house.boss, at=AT)
        note = billing_services.post_credit_note(
            invoice_id=paid.pk,
            lines=[billing_services.CreditedLine(paid.lines.get().pk, Decimal(QUANTITY))],
            reason="Damaged",
            bills_again=False,
            actor=house.boss,
            at=timezone.now(),
        )
        ahead = billing_services.receive_payment(
            customer_id=house.customer.pk, currency="GBP", amount=PRICE, shares={}, actor=house.boss, at=AT
        )
        scarce = house.product([5], price=str(PRICE))
        giver, taker = house.order((scarce, 5)), house.order((scarce, 3))
        world.orders["cancelled"] = picked(house, lines)
        cancelled = [world.orders["cancelled"].pk]
        orders_services.cancel_orders(order_ids=cancelled, reason=CancelReason.LATE, actor=house.boss, at=AT)
        world.orders["held"] = house.order(lines)
        terms = orders_services.HoldTerms(Hold.Kind.OTHER, keep_reservation=False, reason="Asked to wait")
        orders_services.hold_orders(order_ids=[world.orders["held"].pk], terms=terms, actor=house.boss, at=AT)
        task = PickTask.objects.get(order=world.orders["released"])
        seller = supplier(house, unmoved)
        coming, cancelled_supply = sent(house, (unmoved, 3, 5)), sent(house, (unmoved, 2, 6))
        inventory_services.cancel_supplier_orders(order_ids=[cancelled_supply.pk], actor=house.boss, at=AT)
        drafted = inventory_services.draft_supplier_order(
            supplier_id=seller.pk,
            warehouse_id=house.warehouses[0].pk,
            wanted=[inventory_services.Wanted(unmoved.pk, Decimal(1))],
            actor=house.boss,
            at=AT,
        )
        channel = house.channel("Web")
        brought = sent(house, (house.product(), 1, 5))
        arrive(house, brought, 1)
        arrive(house, sent(house, (house.product(is_inspected=True), 9, 5)), 9)
        looked_at = Inspection.objects.get(company=house.company)
        bad = inventory_services.Found(rejected=Decimal(4), reason="Broken")
        warehouse_services.inspect_goods(inspection_id=looked_at.pk, found=bad, actor=house.boss, at=AT)
        stored_in = house.warehouse("Site 9")
        stored = house.product([0, 9], price=str(PRICE))
        to_send, on_its_way = (kept(house, (stored, units)) for units in (2, 3))
        leave(house, on_its_way)
        world.subjects = {
            "transfer": to_send.pk,
            "sent_transfer": on_its_way.pk,
            "transfer_line": to_send.lines.get().pk,
            "sent_transfer_line": on_its_way.lines.get().pk,
            "stored_warehouse": stored_in.pk,
            "inspection": looked_at.pk,
            "view": SavedView.objects.create(
                company=house.company, owner=house.boss, queue="orders:queue", name="All", shared_with=EVERYBODY
            ).pk,
            "apart_order": house.order(lines, (stored, 1)).pk,
            "supplier": seller.pk,
            "supplier_item": seller.items.get().pk,
            "supplier_order": coming.pk,
            "supplier_line": coming.lines.get().pk,
            "supplier_draft": drafted,
            "received_supplier_order": brought.pk,
            "drafted_line": SupplierOrderLine.objects.get(order=drafted).pk,
            "reorder_rule": ReorderRule.objects.create(
                company=house.company, product=unmoved, warehouse=house.warehouses[0], reorder_point=5, order_up_to=9
            ).pk,
            "warehouse": house.warehouses[0].pk,
            "person": person(Role.PICKER, company=house.company).membership.pk,
            "welcome": "no-such",
            "channel": channel.pk,
            "pool": house.pool(channel, scarce).pk,
            "lane": Lane.objects.create(warehouse=house.warehouses[0], country="GB", days=2).pk,
            "calendar": Calendar.objects.create(company=house.company, name="Weekdays").pk,
            "broken_peg": BrokenPeg.objects.get(company=house.company).pk,
            "product": product.pk,
            "lot": Lot.objects.get(company=house.company, code="L-1").pk,
            "held_lot": held_lot.pk,
            "unmoved_product": unmoved.pk,
            "kit": house.product(kind="KIT").pk,
            "customer": house.customer.pk,
            "customer_po": world.orders["packed"].customer_po_id,
            "customer_address": CustomerAddress.objects.get(customer=house.customer).pk,
            "order": world.orders["packed"].pk,
            "draft": world.orders["draft"].pk,
            "sheet": house.sheet(),
            "reservation": orders_services.make_reservation(
                product_id=product.pk,
                quantity=Decimal(1),
                wanted_on=AT.date(),
                expires_on=AT.date() + timedelta(days=1_000),
                customer_id=house.customer.pk,
                actor=house.boss,
                at=AT,
            ),
            "short_line": LinePart.objects.get(order=taker).line_id,
            "stand_in": rare.pk,
            "scarce_product": scarce.pk,
            "substitute": Substitute.objects.create(product=scarce, stand_in=rare).pk,
            "part_number": CustomerPart.objects.create(customer=house.customer, product=product, number="HEART").pk,
            "price_list": house.prices.pk,
            "tax_rate": TaxRate.objects.create(
                company=house.company, country="FR", category="S", rate=20, valid_from=AT.date()
            ).pk,
            "price": Price.objects.get(price_list=house.prices, product=product).pk,
            "invoice": invoice.pk,
            "paid_invoice": paid.pk,
            "settlement": paid.settlements.get().pk,
            "credit_note": note.pk,
            "payment": ahead.pk,
            "task": task.pk,
            "picked_task": PickTask.objects.get(order=world.orders["picked"]).pk,
            "hold": Hold.objects.get(order=world.orders["held"]).pk,
            "put_back": PutBack.objects.get(order=world.orders["cancelled"]).pk,
            "wave": Wave.objects.get(pk=task.wave_id).pk,
            "parcel": Parcel.objects.get(order=world.orders["packed"]).pk,
            "count": Count.objects.get(company=house.company).pk,
            "picked_order": world.orders["picked"].pk,
            "giving_part": LinePart.objects.get(order=giver).pk,
            "run": AllocationRun.objects.create(
                company=house.company,
                rule=Rule.DUE,
                begun_at=AT,
                waiting=1,
                to_handle=1,
                demand_ids=[LinePart.objects.get(order=taker).demand_id],
            ).pk,
            "waiting_part": LinePart.objects.get(order=taker).pk,
            "picked_part": LinePart.objects.get(order=world.orders["picked"]).pk,
            "shipment": Shipment.objects.get(order=world.orders["dispatched"]).pk,
            "left_order": world.orders["dispatched"].pk,
            "left_part": LinePart.objects.get(order=world.orders["dispatched"]).pk,
            "returned_part": LinePart.objects.get(order=shipped).pk,
            "return": asked(house, shipped, {product: 1}, authorize=False).pk,
            "awaited_return": asked(house, shipped, {product: 1}).pk,
            "received_return": received(house, shipped, {product: 1}).pk,
            "inspected_return": inspected(house, shipped, {product: 1}).pk,
            "import": intake.receive(
                kind="orders",
                name="orders.csv",
                content=io.BytesIO(f"{IMPORT_HEADER}\nA9,C-1,{product.sku},1,1,2026-11-20\n".encode()),
                actor=house.boss,
                at=AT,
            ).pk,
            "decided_return": decided(house, shipped, {product: 1}).pk,
            "quarantined_return": decided(house, shipped, {product: 1}, grade=Grade.B).pk,
            "message_kind": "supplier_order",
            "message_language": "de",
            "list_name": "carriers",
            "carrier": Carrier.objects.create(company=house.company, name="Parcels Ltd", services=["Next day"]).pk,
            "bin": house.shelves[house.warehouses[0].pk][2].pk,
            "series_kind": "invoice",
            "series_year": timezone.localdate().year + 1,
            **world.noted(),
        }
        return world

    def noted(self) -> dict[str, Any]:
        """Put notes and files to an order: one of each for the office, with a price, and one for everybody."""
        order, boss = self.orders["packed"], self.house.boss

        def write(text: str, audience: str) -> Note:
            written = notes.write_note(
                kind="salesorder",
                document_id=order.pk,
                text=text,
                audience=audience,
                files=[notes.Sent(f"{audience}.txt", io.BytesIO(f"{audience}: {text}".encode()))],
                actor=boss,
                at=AT,
            )
            return Note.objects.get(pk=written.note_id)

        write(f"Agreed at {PRICE} for {CUSTOMER_NAME}", Audience.OFFICE)
        note = write("Call before delivery", Audience.WAREHOUSE)
        notice = Notice.objects.create(
            company=self.house.company,
            user=boss,
            kind="salesorder",
            document_id=order.pk,
            label=str(order),
            what=Notice.What.NOTE,
            note=note,
            at=AT,
        )
        return {
            "noted_kind": "salesorder",
            "note": note.pk,
            "note_file": note.files.get().pk,  # type: ignore[attr-defined]
            "notice": notice.pk,
        }

    def url(self, address: Address) -> str:
        """Return an address with the keys of this house in it."""
        named = SUBJECTS.get(address.name, {})
        return reverse(address.name, kwargs={name: self.subjects[subject] for name, subject in named.items()})

    def everything(self, noun: str) -> list[int]:
        """Return the keys of all rows of a kind that a queue's verbs may name."""
        if noun == "order":
            return [order.pk for order in self.orders.values()]
        return [self.subjects[noun]]


# What stands in an address; one that is missing here fails the sweep.
_ORDER, _PRODUCT, _INVOICE, _WAVE = {"pk": "order"}, {"pk": "product"}, {"pk": "invoice"}, {"pk": "wave"}
_SUPPLY = {"pk": "supplier_order"}
SUBJECTS: Mapping[str, Mapping[str, str]] = {
    **{
        f"core:{name}": {"pk": "import"}
        for name in ("import", "map_import", "load_import", "stop_import", "refused_rows", "source_file")
    },
    **{f"core:{name}": {"name": "list_name"} for name in ("list", "create_row")},
    **{
        f"core:{name}": {"name": "list_name", "pk": "carrier"}
        for name in ("edit_row", "retire_row", "take_back_row", "remove_row")
    },
    **{
        f"core:{name}_message": {"kind": "message_kind", "language": "message_language"} for name in ("edit", "restore")
    },
    "core:edit_series": {"kind": "series_kind", "year": "series_year"},
    **{f"core:{step}_view": {"pk": "view"} for step in ("edit", "keep", "drop")},
    **{
        f"core:{name}": {"kind": "noted_kind", "pk": "order"}
        for name in ("notes", "assign_owner", "follow", "nameable")
    },
    **{f"core:{name}": {"pk": "note"} for name in ("correct_note", "note_history", "strike_note")},
    **{f"core:{name}": {"pk": "note_file"} for name in ("note_file", "remove_file")},
    "inventory:product": _PRODUCT,
    "inventory:lot": {"pk": "lot"},
    "inventory:edit_product": _PRODUCT,
    "inventory:edit_kit": {"pk": "kit"},
    "inventory:close_product": _PRODUCT,
    "inventory:open_product": _PRODUCT,
    "orders:detail": _ORDER,
    "orders:edit": {"pk": "draft"},
    "orders:discard_sheet": {"pk": "sheet"},
    "orders:customer_po": {"pk": "customer_po"},
    **{f"reservations:{name}": {"pk": "reservation"} for name in ("reservation", "change")},
    "orders:break_up_kit": {"pk": "short_line"},
    "orders:substitute": {"pk": "short_line"},
    "inventory:create_substitute": {"product_pk": "product"},
    "inventory:drop_substitute": {"product_pk": "scarce_product", "pk": "substitute"},
    "orders:move_stock": {"pk": "waiting_part"},
    "orders:bring_together": {"pk": "apart_order"},
    "orders:stop_run": {"pk": "run"},
    "orders:reallocate": _PRODUCT,
    "orders:go_on_with_run": {"pk": "run"},
    "orders:hold": _ORDER,
    "orders:preview_hold": _ORDER,
    "orders:lift_hold": {"pk": "hold"},
    "orders:cancel": _ORDER,
    "orders:preview_cancel": _ORDER,
    "orders:customer": {"pk": "customer"},
    "orders:edit_customer": {"pk": "customer"},
    "orders:parts": {"customer_pk": "customer"},
    "orders:create_part": {"customer_pk": "customer"},
    "orders:edit_part": {"customer_pk": "customer", "pk": "part_number"},
    "orders:drop_part": {"customer_pk": "customer", "pk": "part_number"},
    **{f"orders:{name}_tax_rate": {"pk": "tax_rate"} for name in ("edit", "drop")},
    "orders:prices": {"list_pk": "price_list"},
    "orders:edit_price_list": {"list_pk": "price_list"},
    "orders:create_price": {"list_pk": "price_list"},
    "orders:edit_price": {"list_pk": "price_list", "pk": "price"},
    "orders:drop_price": {"list_pk": "price_list", "pk": "price"},
    "orders:create_address": {"customer_pk": "customer"},
    "orders:edit_address": {"customer_pk": "customer", "pk": "customer_address"},
    "supply:order": _SUPPLY,
    "supply:print_order": _SUPPLY,
    "supply:acknowledge": _SUPPLY,
    "supply:edit_order": {"pk": "supplier_draft"},
    "supply:add_cost": {"pk": "received_supplier_order"},
    "supply:edit_rule": {"pk": "reorder_rule"},
    "supply:supplier": {"pk": "supplier"},
    "supply:edit_supplier": {"pk": "supplier"},
    "supply:order_from": {"supplier_pk": "supplier"},
    "supply:create_item": {"supplier_pk": "supplier"},
    "supply:edit_item": {"supplier_pk": "supplier", "pk": "supplier_item"},
    "sites:warehouse": {"pk": "warehouse"},
    "sites:edit_warehouse": {"pk": "warehouse"},
    "sites:create_lane": {"warehouse_pk": "warehouse"},
    "sites:edit_lane": {"warehouse_pk": "warehouse", "pk": "lane"},
    "sites:drop_lane": {"warehouse_pk": "warehouse", "pk": "lane"},
    "sites:edit_calendar": {"pk": "calendar"},
    **{f"sites:{name}": {"warehouse_pk": "warehouse"} for name in ("bins", "add_bins")},
    "sites:edit_bin": {"warehouse_pk": "warehouse", "pk": "bin"},
    **{f"people:{name}": {"pk": "person"} for name in ("edit", "let_go", "link", "reset_step")},
    "core:choose_password": {"uidb64": "welcome", "token": "welcome"},
    **{f"channels:{name}": {"channel_pk": "channel"} for name in ("channel", "edit_channel", "publish", "create_pool")},
    **{f"channels:{name}": {"channel_pk": "channel", "pk": "pool"} for name in ("edit_pool", "remove_pool")},
    **{f"transfers:{name}": {"pk": "transfer"} for name in ("transfer", "send", "date", "slip")},
    "transfers:receive": {"pk": "sent_transfer"},
    "warehouse:receive": _SUPPLY,
    "warehouse:wave": _WAVE,
    "warehouse:pick_list": _WAVE,
    "warehouse:pick_task": {"pk": "task"},
    "warehouse:short_task": {"pk": "task"},
    "warehouse:count": {"pk": "count"},
    "warehouse:inspection": {"pk": "inspection"},
    "warehouse:clear_rejected": {"pk": "inspection"},
    "warehouse:check_empty": {"pk": "picked_task"},
    "warehouse:date_lot": {"pk": "lot"},
    "warehouse:hold_lot": {"pk": "lot"},
    "warehouse:lift_lot": {"pk": "held_lot"},
    "warehouse:pack_order": {"pk": "picked_order"},
    "warehouse:unpack_parcel": {"pk": "parcel"},
    "warehouse:packing_slip": {"pk": "parcel"},
    "warehouse:put_back_one": {"pk": "put_back"},
    "shipping:dispatch_order": _ORDER,
    "shipping:shipment": {"pk": "shipment"},
    "returns:create": _ORDER,
    "returns:receive_blind": _ORDER,
    "returns:return": {"pk": "inspected_return"},
    "returns:receive": {"pk": "awaited_return"},
    "returns:inspect": {"pk": "received_return"},
    "returns:decide": {"pk": "inspected_return"},
    "returns:clear": {"pk": "quarantined_return"},
    "returns:settle": {"pk": "decided_return"},
    "billing:invoice": _INVOICE,
    "billing:pay_invoice": _INVOICE,
    "billing:paper": _INVOICE,
    "billing:document": _INVOICE,
    "billing:credit_invoice": _INVOICE,
    "billing:receive_payment": {"customer_pk": "customer"},
    "billing:payment": {"pk": "payment"},
    "billing:apply_payment": {"payment_pk": "payment"},
    "billing:refund_payment": {"payment_pk": "payment"},
    "billing:apply_credit_note": {"pk": "credit_note"},
    "billing:refund": {"pk": "credit_note"},
    "billing:undo_settlement": {"pk": "paid_invoice", "settlement_pk": "settlement"},
    "orders:credit_terms": {"pk": "customer"},
}

# The rows that a verb for several names in its form.
BULK: Mapping[str, str] = {
    "sites:retire_bins": "bin",
    "inventory:close_products": "product",
    "inventory:open_products": "product",
    "orders:confirm": "order",
    "orders:allocate": "order",
    "orders:discard": "order",
    "orders:allocate_lines": "waiting_part",
    "orders:hold_many": "order",
    "orders:assign": "order",
    "orders:lift_holds": "order",
    "reservations:free": "reservation",
    "transfers:cancel": "transfer",
    "warehouse:release": "order",
    "warehouse:pick": "order",
    "warehouse:pack": "order",
    "warehouse:put_back": "put_back",
    **{f"supply:{verb}": "supplier_order" for verb in ("approve", "mail", "send", "cancel", "close")},
    **{f"supply:{answer}": "broken_peg" for answer in ("keep", "cut", "wait", "other_supplier", "give_up")},
    "shipping:dispatch": "order",
    "shipping:deliver": "shipment",
    "shipping:fail": "shipment",
    "shipping:lose": "shipment",
    "returns:authorize": "return",
    "returns:reject": "return",
    "returns:cancel": "return",
    "billing:invoice_orders": "order",
    "billing:pay_orders": "order",
    "billing:pay_invoices": "invoice",
}


class Visitor:
    """Somebody at the product's door. Whatever a request of theirs wrote is undone after the answer is read."""

    def __init__(self, user: User | None = None, **options: Any) -> None:
        self.client = Client(raise_request_exception=False, **options)
        if user is not None:
            self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.session = self.client.cookies.get(settings.SESSION_COOKIE_NAME)

    def ask(self, method: str, url: str, data: Any = None, *, watch: bool = True, **options: Any) -> Answer:
        """Send a request, and say what came back and, where that is watched, which tables it changed."""
        before, after = rows_touched() if watch else 0, None
        with transaction.atomic():
            response = getattr(self.client, method)(url, data or {}, **options)
            body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
            if watch and rows_touched() != before:
                after = fingerprint()
            transaction.set_rollback(True)
        wrote = {table for table, state in fingerprint().items() if after[table] != state} if after else set()
        if self.session is not None:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.session.value
        return Answer(response.status_code, response, body, frozenset(wrote))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a request: its status, its body and the tables that it changed."""

    status: int
    response: HttpResponseBase
    body: bytes
    wrote: frozenset[str]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def leads_to_the_door(self) -> bool:
        """Whether it sends a stranger to sign in."""
        return self.status == 302 and self.response["Location"].startswith("/login/")


def rows_touched() -> int:
    """Return how many rows this transaction has written so far, those undone since included: quick to ask."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0])


def fingerprint() -> dict[str, tuple[int, int]]:
    """Return of every table how many rows it has and a digest of them, by one statement."""
    selects = " UNION ALL ".join(
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(row::text, 0)::numeric), 0) FROM \"{table}\" row"
        for table in sorted({model._meta.db_table for model in kept_models()})
    )
    with connection.cursor() as cursor:
        cursor.execute(selects)
        return {table: (count, digest) for table, count, digest in cursor.fetchall()}


def kept_models() -> list[Any]:
    """Return every model with a table of its own, the job queue's apart."""
    models = apps.get_models(include_auto_created=True)
    return [
        model
        for model in models
        if model._meta.managed and not model._meta.proxy and model._meta.app_label != "procrastinate"
    ]
