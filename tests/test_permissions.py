"""Every address of the product, tried by everybody: each role, a stranger, and all roles of another company.

The addresses come from the resolver. One without a rule here fails, so a new page says whom it is for.
"""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from billing.models import InvoiceLine
from core import letters
from core.models import User
from core.roles import VERBS, Role
from orders.models import SalesOrder
from tests.factories.core import CompanyFactory, person
from tests.soak import sample
from tests.sweep import (
    AMOUNTS,
    BULK,
    CUSTOMER_NAME,
    PRODUCT_NAME,
    SUBJECTS,
    Address,
    Visitor,
    World,
    addresses,
    fingerprint,
    kept_models,
)

pytestmark = pytest.mark.django_db

IMPORT_COLUMNS = ("po_number", "customer", "sku", "quantity", "price", "ordered_at")
EVERYBODY, STRANGER = "everybody", "stranger"
# What stands in these addresses is the same for every company: theirs is meant
NAMES_NO_ROW = {
    *("core:edit_series", "core:list", "core:create_row"),
    *("core:edit_message", "core:restore_message"),
}

# The verb that opens an address; "everybody" is who is signed in, "stranger" who is not as well.
RULES = {
    "core:admin_login": STRANGER,
    "core:company": EVERYBODY,
    "core:healthz": STRANGER,
    "core:home": EVERYBODY,
    "core:import": "orders.import",
    "core:import_file": "core.import",
    "core:imports": "core.import",
    "core:export_rows": "core.import",
    "core:load_import": "orders.import",
    "core:map_import": "orders.import",
    "core:refused_rows": "orders.import",
    "core:source_file": "orders.import",
    "core:stop_import": "orders.import",
    "core:login": STRANGER,
    "core:logout": EVERYBODY,
    "core:change_password": EVERYBODY,
    "core:choose_password": STRANGER,
    "core:preferences": EVERYBODY,
    "core:second_step": STRANGER,
    "core:passkey_sign_in": STRANGER,
    **{f"core:{name}": EVERYBODY for name in ("passkey_options", "add_passkey", "name_passkey", "remove_passkey")},
    **dict.fromkeys(
        ("core:security", "core:confirm_password", "core:set_up_app", "core:remove_app", "core:make_codes"), EVERYBODY
    ),
    **dict.fromkeys(("core:end_session", "core:end_others"), EVERYBODY),
    "core:readyz": STRANGER,
    "core:work": "core.keep_views",
    "core:alerts": "core.keep_views",
    **{f"core:{step}_view": "core.keep_views" for step in ("save", "edit", "keep", "drop")},
    **{f"core:{name}": "core.keep_views" for name in ("inbox", "finish_notices")},
    # As the document of the note or the file is
    **{f"core:{name}": "orders.view" for name in ("notes", "follow", "correct_note", "note_history", "strike_note")},
    **{f"core:{name}": "orders.view" for name in ("note_file", "remove_file", "nameable")},
    "core:assign_owner": "core.assign_owner",
    "orders:assign": "core.assign_owner",
    "core:search": EVERYBODY,
    "core:styleguide": "core.administer",
    "core:theme": EVERYBODY,
    **{f"core:{name}": "core.set_up" for name in ("set_up", "edit_company", "series", "edit_series")},
    **{f"core:{name}": "core.set_up" for name in ("logo", "logo_picture", "remove_logo")},
    **{f"core:{name}": "core.set_up" for name in ("list", "create_row", "edit_row", "remove_row")},
    **dict.fromkeys(("core:retire_row", "core:take_back_row"), "core.set_up"),
    **{f"core:{name}": "core.set_up" for name in ("messages", "edit_message", "restore_message")},
    "core:training": "core.administer",
    "inventory:products": "inventory.view_product",
    "inventory:product": "inventory.view_product",
    "inventory:lot": "inventory.view_stock",
    "inventory:create_product": "inventory.change_product",
    "inventory:edit_product": "inventory.change_product",
    "inventory:edit_kit": "inventory.change_product",
    "inventory:create_substitute": "inventory.change_product",
    "inventory:drop_substitute": "inventory.change_product",
    "inventory:close_products": "inventory.change_product",
    "inventory:close_product": "inventory.change_product",
    "inventory:open_products": "inventory.change_product",
    "inventory:open_product": "inventory.change_product",
    "orders:queue": "orders.view",
    "orders:detail": "orders.view",
    "orders:create": "orders.create",
    "orders:edit": "orders.create",
    "orders:preview": "orders.create",
    "orders:keep_sheet": "orders.create",
    "orders:discard_sheet": "orders.create",
    "orders:discard": "orders.create",
    "orders:find_customers": "orders.create",
    "orders:find_products": "orders.create",
    "orders:peek": "orders.create",
    "orders:confirm": "orders.confirm",
    "orders:allocate": "orders.confirm",
    "orders:backorders": "orders.view",
    "orders:allocate_free": "orders.confirm",
    "orders:allocate_lines": "orders.confirm",
    "orders:runs": "orders.confirm",
    "orders:reallocate": "orders.move_stock",
    "orders:stop_run": "orders.confirm",
    "orders:go_on_with_run": "orders.confirm",
    "orders:move_stock": "orders.move_stock",
    "orders:bring_together": "orders.move_stock",
    "orders:break_up_kit": "orders.cancel",
    "orders:substitute": "orders.substitute",
    "orders:customer_po": "orders.view_prices",
    "reservations:queue": "orders.view_reservations",
    "reservations:reservation": "orders.view_reservations",
    "reservations:create": "orders.reserve",
    "reservations:change": "orders.reserve",
    "reservations:free": "orders.reserve",
    "orders:hold": "orders.hold",
    "orders:hold_many": "orders.hold",
    "orders:preview_hold": "orders.hold",
    "orders:lift_hold": "orders.lift_hold",
    "orders:lift_holds": "orders.lift_hold",
    "orders:cancel": "orders.cancel",
    "orders:preview_cancel": "orders.cancel",
    "orders:customers": "orders.view",
    "orders:customer": "orders.view",
    "orders:parts": "orders.view",
    "orders:create_part": "orders.change_customer",
    "orders:edit_part": "orders.change_customer",
    "orders:drop_part": "orders.change_customer",
    "orders:price_lists": "orders.view_prices",
    "orders:create_price_list": "orders.price",
    "orders:prices": "orders.view_prices",
    "orders:edit_price_list": "orders.price",
    "orders:create_price": "orders.price",
    "orders:edit_price": "orders.price",
    "orders:drop_price": "orders.price",
    "orders:tax_rates": "orders.tax",
    "orders:create_tax_rate": "orders.tax",
    "orders:edit_tax_rate": "orders.tax",
    "orders:drop_tax_rate": "orders.tax",
    "orders:create_customer": "orders.change_customer",
    "orders:edit_customer": "orders.change_customer",
    "orders:create_address": "orders.change_customer",
    "orders:edit_address": "orders.change_customer",
    "supply:orders": "inventory.view_supply",
    "supply:order": "inventory.view_supply",
    "supply:print_order": "inventory.view_supply",
    "supply:acknowledge": "inventory.purchase",
    "supply:approve": "inventory.approve_supply",
    "supply:send": "inventory.purchase",
    "supply:mail": "inventory.purchase",
    "supply:cancel": "inventory.purchase",
    "supply:close": "inventory.purchase",
    "supply:suggestions": "inventory.view_supply",
    "supply:draft_suggestions": "inventory.purchase",
    "supply:planning": "inventory.view_supply",
    "supply:reckon_planning": "inventory.view_supply",
    "supply:questions": "inventory.view_supply",
    "supply:keep": "inventory.purchase",
    "supply:cut": "inventory.purchase",
    "supply:wait": "orders.confirm",
    "supply:other_supplier": "orders.confirm",
    "supply:give_up": "orders.confirm",
    "supply:edit_order": "inventory.purchase",
    "supply:add_cost": "inventory.purchase",
    "supply:rules": "inventory.view_supply",
    "supply:create_rule": "inventory.purchase",
    "supply:edit_rule": "inventory.purchase",
    "supply:suppliers": "inventory.view_supply",
    "supply:supplier": "inventory.view_supply",
    "supply:create_supplier": "inventory.purchase",
    "supply:edit_supplier": "inventory.purchase",
    "supply:order_from": "inventory.purchase",
    "supply:create_item": "inventory.purchase",
    "supply:edit_item": "inventory.purchase",
    **{
        f"sites:{name}": "inventory.keep_sites"
        for name in (
            *("warehouses", "warehouse", "edit_warehouse", "create_lane", "edit_lane", "drop_lane"),
            *("calendars", "create_calendar", "edit_calendar"),
            *("create_warehouse", "bins", "add_bins", "edit_bin", "retire_bins"),
        )
    },
    **{
        f"people:{name}": "core.administer"
        for name in ("people", "create", "edit", "let_go", "link", "second_step", "reset_step")
    },
    **{
        f"channels:{name}": "inventory.keep_channels"
        for name in (
            *("channels", "channel", "create_channel", "edit_channel", "publish"),
            *("create_pool", "edit_pool", "remove_pool"),
        )
    },
    **{f"transfers:{name}": "inventory.view_stock" for name in ("queue", "transfer", "slip")},
    **{f"transfers:{name}": "inventory.transfer" for name in ("create", "send", "date", "cancel")},
    "transfers:receive": "inventory.receive",
    "warehouse:arrivals": "inventory.receive",
    "warehouse:receive": "inventory.receive",
    "warehouse:release_queue": "warehouse.release",
    "warehouse:release": "warehouse.release",
    "warehouse:waves": "warehouse.view",
    "warehouse:wave": "warehouse.view",
    "warehouse:pick_list": "warehouse.view",
    "warehouse:pick_task": "warehouse.pick",
    "warehouse:short_task": "warehouse.pick",
    "warehouse:inspections": "inventory.inspect",
    "warehouse:inspection": "inventory.inspect",
    "warehouse:clear_rejected": "inventory.inspect",
    **dict.fromkeys(("warehouse:date_lot", "warehouse:hold_lot", "warehouse:lift_lot"), "inventory.keep_lots"),
    "warehouse:check_empty": "warehouse.pick",
    "supply:service_level": "inventory.purchase",
    "warehouse:counts": "warehouse.count",
    "warehouse:count": "warehouse.count",
    "warehouse:pick": "warehouse.pick",
    "warehouse:put_backs": "warehouse.pick",
    "warehouse:put_back_walk": "warehouse.pick",
    "warehouse:put_back": "warehouse.pick",
    "warehouse:put_back_one": "warehouse.pick",
    "warehouse:pack_queue": "warehouse.pack",
    "warehouse:pack": "warehouse.pack",
    "warehouse:pack_order": "warehouse.pack",
    "warehouse:unpack_parcel": "warehouse.pack",
    "warehouse:packing_slip": "warehouse.view",
    "shipping:dispatch_queue": "shipping.dispatch",
    "shipping:dispatch": "shipping.dispatch",
    "shipping:dispatch_order": "shipping.dispatch",
    "shipping:shipments": "shipping.view",
    "shipping:shipment": "shipping.view",
    "shipping:deliver": "shipping.deliver",
    "shipping:fail": "shipping.deliver",
    "shipping:lose": "shipping.deliver",
    "returns:queue": "returns.view",
    "returns:dock": "returns.receive",
    "returns:authorize": "returns.authorize",
    "returns:reject": "returns.authorize",
    "returns:cancel": "returns.request",
    "returns:create": "returns.request",
    "returns:receive_blind": "returns.receive",
    "returns:return": "returns.view",
    "returns:receive": "returns.receive",
    "returns:inspect": "returns.inspect",
    "returns:decide": "returns.inspect",
    "returns:clear": "returns.inspect",
    "returns:settle": "returns.settle",
    "billing:invoices": "billing.view",
    "billing:invoice": "billing.view",
    "billing:paper": "billing.view",
    "billing:document": "billing.view",
    "billing:to_invoice": "billing.invoice",
    "billing:invoice_orders": "billing.invoice",
    "billing:pay_orders": "billing.pay",
    "billing:pay_invoices": "billing.pay",
    "billing:pay_invoice": "billing.pay",
    "billing:unapplied": "billing.view",
    "billing:receive_payment": "billing.pay",
    "billing:apply_payment": "billing.pay",
    "billing:apply_credit_note": "billing.pay",
    "billing:undo_settlement": "billing.pay",
    "billing:credit_invoice": "billing.credit",
    "billing:refund": "billing.refund",
    "billing:payment": "billing.view",
    "billing:refund_payment": "billing.refund",
    "orders:credit_terms": "orders.set_credit",
    **{f"dashboards:{name}": "dashboards.view" for name in ("board", "lines", "orders", "occurrences")},
    "dashboards:targets": "dashboards.set_targets",
}
# Strangers are let through, and sent on: to sign in, or to their work.
DOORS = {"core:login", "core:admin_login", "core:home"}
ADDRESSES = addresses()
BLIND_TO_PRICES = [role for role in Role if "orders.view_prices" not in VERBS[role]]


def rows_of(world: World, address: Address) -> dict[str, Any]:
    """Return a form that names rows, for the verbs that take any."""
    return {"id": world.everything(BULK[address.name])} if address.name in BULK else {}


def may(user: User, address: Address) -> bool:
    """Say whether an address is open to somebody who is signed in."""
    rule = RULES[address.name]
    return rule in {EVERYBODY, STRANGER} or user.can(rule)


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    assert {address.name for address in ADDRESSES} == RULES.keys()
    assert set(RULES.values()) - {EVERYBODY, STRANGER} <= VERBS[Role.ADMINISTRATOR]
    for address in ADDRESSES:
        assert set(address.parameters) == set(SUBJECTS.get(address.name, {})), f"what stands in {address.name}?"


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_its_verbs_open_and_a_denial_writes_nothing(world: World, role: Role) -> None:
    user = person(role, company=world.house.company)
    visitor = Visitor(user)
    wrong = []
    for address in ADDRESSES:
        for method in ("get", "post"):
            rows = rows_of(world, address) if method == "post" else {}
            answer = visitor.ask(method, world.url(address), rows, watch=not may(user, address))
            if not may(user, address):
                # The verb is asked before the method: nobody learns what there is to post
                ok = answer.status == 403 and not answer.wrote
            elif method not in address.methods:
                ok = answer.status == 405 and not answer.wrote
            elif address.name == "core:admin_login":
                # It would lead to our door, which leads those who are in back to it
                ok = answer.status == 403
            elif address.name == "core:logout":
                ok = answer.status == 302
            else:
                ok = answer.status in {200, 204, 302, 400, 409, 422} and not answer.leads_to_the_door
            if not ok:
                wrong.append(f"{method} {address.name}: {answer.status}, wrote {sorted(answer.wrote)}")
    assert not wrong


def test_what_is_written_is_seen(world: World) -> None:
    answer = Visitor(world.house.boss).ask("post", "/theme/", {"theme": "dark"})
    assert answer.wrote == {"core_user", "core_userevent"}


def test_a_stranger_is_sent_to_sign_in_and_writes_nothing(world: World) -> None:
    visitor = Visitor()
    wrong = []
    for address in ADDRESSES:
        for method in ("get", "post"):
            for headers in ({}, {"HX-Request": "true"}):
                data = rows_of(world, address) if method == "post" else {}
                answer = visitor.ask(method, world.url(address), data, headers=headers)
                if RULES[address.name] == STRANGER:
                    ok = answer.status in {200, 302, 401, 405, 422}
                elif headers:
                    ok = answer.status == 401 and not answer.body
                else:
                    ok = answer.leads_to_the_door
                if not ok or answer.wrote:
                    wrong.append(f"{method} {address.name} {headers}: {answer.status}, wrote {sorted(answer.wrote)}")
                if CUSTOMER_NAME in answer.text or PRODUCT_NAME in answer.text:
                    wrong.append(f"{method} {address.name} tells a stranger of the house")
    assert not wrong


class TestAnotherCompany:
    """Somebody with every role, elsewhere."""

    @pytest.fixture
    def other(self) -> User:
        return person(*Role, company=CompanyFactory())

    def test_gets_404_for_every_row_of_ours_and_writes_nothing(self, world: World, other: User) -> None:
        visitor = Visitor(other)
        wrong = []
        for address in ADDRESSES:
            if (not address.parameters and address.name not in BULK) or RULES[address.name] == STRANGER:
                continue
            if address.name in NAMES_NO_ROW:
                continue
            for method in ("get", "post"):
                for form in self.forms(world, address) if method == "post" else [rows_of(world, address)]:
                    answer = visitor.ask(method, world.url(address), form)
                    allowed = {404} if method in address.methods else {405}
                    if answer.status not in allowed or answer.wrote:
                        wrong.append(f"{method} {address.name} {form}: {answer.status}, wrote {sorted(answer.wrote)}")
        assert not wrong

    def forms(self, world: World, address: Address) -> list[dict[str, Any]]:
        """Return an empty form and one in which everything is right, but for whose rows they are."""
        right = {
            **rows_of(world, address),
            "carrier": "Van",
            "amount": "1.00",
            "received_on": "2026-11-20",
            "method": "BANK",
            "sku": "A-1",
            "name": "A",
            "kind": "STOCK",
            "unit": world.house.unit.pk,
            "number": "C-2",
            "street": "1 Road",
            "city": "Leeds",
            "postcode": "LS1",
            "country": "GB",
            "price_list": world.house.prices.pk,
            "terms_days": "30",
            "language": "en",
            "item": "SKU-0001",
            "price": "1",
            "code": "a",
            "currency": "GBP",
        }
        return [right] if address.name in BULK else [right, {}]

    def test_sees_nothing_of_ours_in_lists_files_and_searches(self, world: World, other: User) -> None:
        visitor = Visitor(other)
        wrong = []
        for address in ADDRESSES:
            # These show figures and numbers that they make up
            made_up = address.name in {"core:styleguide", "core:series"}
            if address.parameters or "get" not in address.methods or made_up:
                continue
            for query in ({"tab": "all"}, {"tab": "all", "format": "csv"}, {"q": "quixotic"}, {"q": "zanzibar"}):
                answer = visitor.ask("get", world.url(address), query)
                told = answer.text.replace("quixotic", "").replace("zanzibar", "")
                for secret in (CUSTOMER_NAME, PRODUCT_NAME, world.house.company.name, "SO-", "SKU-", *amounts()):
                    if secret in told:
                        wrong.append(f"{address.name} {query} tells of {secret}")
        assert not wrong

    def test_mixes_no_row_of_ours_into_theirs(self, world: World, other: User) -> None:
        theirs = World.build()
        visitor = Visitor(theirs.house.boss)
        for address in ADDRESSES:
            if address.name in BULK:
                noun = BULK[address.name]
                ids = [*theirs.everything(noun), world.everything(noun)[0]]
                answer = visitor.ask("post", theirs.url(address), {"id": ids, "carrier": "Van"})
                assert (answer.status, answer.wrote) == (404, frozenset()), address.name

    def test_uses_none_of_our_rows_in_their_forms(self, world: World) -> None:
        theirs = World.build()
        visitor = Visitor(theirs.house.boss)
        product = {"sku": "A-1", "name": "A", "kind": "STOCK", "unit": world.house.unit.pk}
        customer = {"number": "C-2", "name": "A", "price_list": world.house.prices.pk, "terms_days": "30"}
        order = {
            "customer": "C-1",
            "po_number": "X",
            "ordered_on": "2026-11-20",
            "requested_on": "2026-11-24",
            "ship_to": world.subjects["customer_address"],
            "item": "SKU-0001",
            "quantity": "1",
        }
        for url, form in (
            ("/products/new/", product),
            (f"/products/{theirs.subjects['unmoved_product']}/edit/", product),
            ("/orders/customers/new/", customer),
            ("/orders/new/", order),
        ):
            answer = visitor.ask("post", url, form)
            assert (answer.status, answer.wrote) == (422, frozenset()), url
        address = f"/orders/customers/{theirs.subjects['customer']}/addresses/{world.subjects['customer_address']}/"
        assert visitor.ask("get", address).status == 404


def amounts() -> list[str]:
    """Return every way in which a price or a sum of the house may be written, down to its whole pounds."""
    written = set()
    for amount in AMOUNTS:
        exact = amount.quantize(Decimal("0.01"))
        for text in (f"{exact:,}", f"{exact}", f"{int(exact):,}", f"{amount.normalize():f}"):
            written |= {text, text.replace(",", " "), text.replace(",", "\u202f"), text.replace(",", "\xa0")}
            written.add(text.replace(",", "_").replace(".", ",").replace("_", "."))
    return sorted(text for text in written if len(text) > 3)


class TestPrices:
    """Whoever may not see prices gets none, in any form, from any address that is open to them."""

    QUERIES = ({}, {"tab": "all"}, {"tab": "all", "format": "csv"}, {"q": "SKU"})

    def pages(self, user: User, world: World) -> dict[str, str]:
        """Return as text all that somebody can read: pages of every order, fragments, files and paper."""
        visitor, told = Visitor(user), {}
        for address in ADDRESSES:
            if not may(user, address):
                continue  # a closed door is like any other
            urls = {world.url(address)}
            if SUBJECTS.get(address.name) == {"pk": "order"}:
                urls |= {re.sub(r"\d+", str(order.pk), world.url(address)) for order in world.orders.values()}
            for url in sorted(urls):
                for query in self.QUERIES if address.is_queue else ({},):
                    for headers in ({}, {"HX-Request": "true"}):
                        answer = visitor.ask("get", url, query, headers=headers, watch=False)
                        told[f"get {url} {query} {headers}"] = readable(answer)
            if "post" in address.methods and address.name not in DOORS:
                for form in ({**rows_of(world, address), "carrier": "Van"}, {}):
                    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{world.url(address)}?tab=all"}
                    answer = visitor.ask("post", world.url(address), form, headers=headers, watch=False)
                    told[f"post {address.name} {form}"] = readable(answer)
        return told

    @pytest.mark.parametrize("role", BLIND_TO_PRICES)
    def test_are_hidden_from(self, world: World, role: Role) -> None:
        told = self.pages(person(role, company=world.house.company), world)
        assert any(PRODUCT_NAME in text for text in told.values())
        found = [f"{page}: {amount}" for page, text in told.items() for amount in amounts() if amount in text]
        assert not found

    def test_are_found_where_they_may_be_seen(self, world: World) -> None:
        told = " ".join(self.pages(person(Role.ACCOUNTANT, company=world.house.company), world).values())
        assert all(f"{amount.quantize(Decimal('0.01')):,}" in told for amount in AMOUNTS[1:])
        assert "8641.92" in told, "not in the file"


def readable(answer: Any) -> str:
    """Return the words of an answer, of a PDF as well, without the page's own machinery."""
    if answer.response.get("Content-Type") == "application/pdf":
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body)).pages)
    # Keys and digests are random figures
    return re.sub(r'value="[0-9a-f-]{20,36}"|X-CSRFToken[^}]*|csrfmiddlewaretoken" value="\w+"', "", answer.text)


class TestForgery:
    """T29: nothing unsafe is done for a form that did not come from our own pages."""

    def test_every_unsafe_address_asks_for_the_token(self, world: World) -> None:
        visitor = Visitor(world.house.boss, enforce_csrf_checks=True)
        wrong = []
        ways = [
            (headers, method)
            for headers in ({}, {"HX-Request": "true"}, {"Origin": "https://elsewhere.example"})
            for method in ("post", "put", "patch", "delete")
        ]
        for turn, address in enumerate(ADDRESSES):
            for headers, method in sample(ways, turn):
                answer = visitor.ask(method, world.url(address), rows_of(world, address), headers=headers)
                if answer.status != 403 or answer.wrote:
                    wrong.append(f"{method} {address.name} {headers}: {answer.status}, {sorted(answer.wrote)}")
        assert not wrong

    def test_the_token_of_another_origin_is_none(self, world: World) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(world.house.boss, backend="django.contrib.auth.backends.ModelBackend")
        client.get("/preferences/")
        form = {"theme": "dark", "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
        assert client.post("/theme/", form, headers={"Origin": "https://elsewhere.example"}).status_code == 403
        assert client.post("/theme/", form, headers={"Origin": "http://testserver"}).status_code == 302

    def test_a_get_does_nothing_unsafe(self, world: World) -> None:
        visitor = Visitor(world.house.boss)
        for address in ADDRESSES:
            answer = visitor.ask("get", world.url(address), rows_of(world, address))
            assert not answer.wrote, address.name
            assert (answer.status == 405) == ("get" not in address.methods), address.name


class TestFields:
    """T26: what a form does not show cannot be written through it."""

    EXTRA = {
        "status": "CLOSED",
        "number": "FORGED-1",
        "po_key": "FORGED-1",
        "sort_key": "FORGED-1",
        "net": "99999.01",
        "gross": "99999.01",
        "tax": "99999.01",
        "settled": "99999.01",
        "invoiced": "99999.01",
        "cost": "99999.01",
        "fulfilment": "FULL",
        "billing": "FULL",
        "payment": "FULL",
        "is_staff": "on",
        "is_superuser": "on",
        "roles": "ADMINISTRATOR",
        "email": "forged@orderly.example",
        "password": "forged",
        "id": "1",
        "pk": "1",
    }

    def forms(self, world: World) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return every form of the product filled in rightly, by where it goes."""
        house, subjects = world.house, world.subjects
        product = {"sku": "A-1", "name": "A", "kind": "STOCK", "unit": house.unit.pk, "is_active": "on"}
        customer = {"number": "C-9", "name": "A", "price_list": house.prices.pk, "terms_days": "30", "is_active": "on"}
        customer |= {"email": "", "invoice_on": "DISPATCH", "ship_policy": "PARTIAL", "ship_minimum": "0"}
        money = {"amount": "1.00", "received_on": "2026-11-20", "method": "BANK"}
        share = {f"share-{subjects['invoice']}": "1"}
        line = InvoiceLine.objects.get(invoice=subjects["invoice"]).pk
        address = {"name": "A", "street": "1 Road", "city": "Leeds", "postcode": "LS1 1AA", "country": "GB"}
        part, price = {"number": "A", "item": "SKU-0001"}, {"item": "SKU-0001", "price": "1", "from_quantity": "0"}
        order = {
            "customer": "C-10",
            "po_number": "A",
            "ordered_on": "2026-11-20",
            "requested_on": "2026-11-24",
            "ship_to": subjects["customer_address"],
            "item": "SKU-0001",
            "quantity": "1",
        }
        return {
            "inventory:create_product": ("/products/new/", product),
            "inventory:edit_product": (f"/products/{subjects['product']}/edit/", {**product, "sku": "SKU-0001"}),
            "inventory:edit_kit": (f"/products/{subjects['kit']}/kit/", {"sku-1": "SKU-0001", "units-1": "2"}),
            "core:map_import": (
                f"/imports/{subjects['import']}/columns/",
                {f"column-{name}": place for place, name in enumerate(IMPORT_COLUMNS)},
            ),
            "orders:create_customer": ("/orders/customers/new/", customer),
            "orders:edit_customer": (f"/orders/customers/{subjects['customer']}/edit/", {**customer, "number": "C-10"}),
            "orders:create_address": (f"/orders/customers/{subjects['customer']}/addresses/new/", address),
            "orders:edit_address": (
                f"/orders/customers/{subjects['customer']}/addresses/{subjects['customer_address']}/",
                {**address, "is_bill_to": "on", "is_ship_to": "on"},
            ),
            "orders:create_part": (f"/orders/customers/{subjects['customer']}/parts/new/", {**part, "number": "B"}),
            "orders:edit_part": (
                f"/orders/customers/{subjects['customer']}/parts/{subjects['part_number']}/",
                part,
            ),
            "orders:create_price_list": ("/orders/prices/new/", {"name": "A", "code": "a", "currency": "EUR"}),
            "orders:edit_price_list": (
                f"/orders/prices/{subjects['price_list']}/edit/",
                {"name": "A", "code": "b", "currency": "GBP"},
            ),
            "orders:create_tax_rate": (
                "/orders/taxes/new/",
                {"country": "FR", "valid_from": "2026-01-01", "category": "Z", "rate": "0"},
            ),
            "orders:edit_tax_rate": (
                f"/orders/taxes/{subjects['tax_rate']}/",
                {"country": "FR", "valid_from": "2020-01-01", "category": "S", "rate": "19"},
            ),
            "orders:create_price": (f"/orders/prices/{subjects['price_list']}/new/", {**price, "from_quantity": "10"}),
            "orders:edit_price": (f"/orders/prices/{subjects['price_list']}/{subjects['price']}/", price),
            "orders:create": ("/orders/new/", order),
            "orders:edit": (f"/orders/{subjects['draft']}/edit/", {**order, "po_number": "B"}),
            "orders:hold": (f"/orders/{world.orders['waiting'].pk}/hold/", {"kind": "OTHER"}),
            "orders:cancel": (f"/orders/{world.orders['waiting'].pk}/cancel/", {"scope": "ORDER", "reason": "LATE"}),
            "orders:move_stock": (
                f"/orders/backorders/{subjects['waiting_part']}/move/",
                {"giver": subjects["giving_part"], "quantity": "1", "reason": "URGENT"},
            ),
            "orders:substitute": (
                f"/orders/lines/{subjects['short_line']}/substitute/",
                {"product": subjects["stand_in"], "quantity": "1", "answered_by": "A", "answered_on": "2026-01-01"},
            ),
            "inventory:create_substitute": (
                f"/products/{subjects['product']}/substitutes/new/",
                {"item": "SKU-0002", "rank": "1"},
            ),
            "reservations:create": (
                "/reservations/new/",
                {
                    "item": "SKU-0001",
                    "quantity": "1",
                    "project": "Hall 4",
                    "wanted_on": str(timezone.localdate()),
                    "expires_on": str(timezone.localdate()),
                },
            ),
            "reservations:change": (
                f"/reservations/{subjects['reservation']}/change/",
                {"expires_on": str(timezone.localdate())},
            ),
            "shipping:dispatch_order": (f"/shipping/orders/{subjects['order']}/dispatch/", {"carrier": "Van"}),
            "shipping:deliver": (
                "/shipping/shipments/deliver/",
                {"id": subjects["shipment"], "received_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M")},
            ),
            **self.supply_forms(world),
            **self.site_forms(world),
            **self.setup_forms(world),
            **self.channel_forms(world),
            "warehouse:count": (f"/warehouse/counts/{subjects['count']}/", {"counted": "1"}),
            "warehouse:inspection": (
                f"/warehouse/inspections/{subjects['inspection']}/",
                {"rejected": "1", "reason": "Wet"},
            ),
            "warehouse:date_lot": (
                f"/warehouse/lots/{subjects['lot']}/day/",
                {"expires_on": "2031-01-01", "reason": "Label"},
            ),
            "warehouse:hold_lot": (f"/warehouse/lots/{subjects['lot']}/block/", {"reason": "Smell"}),
            "warehouse:lift_lot": (f"/warehouse/lots/{subjects['held_lot']}/unblock/", {"reason": "Fine"}),
            "supply:service_level": ("/supply/planning/service-level/", {"a": "97", "b": "96", "c": "91"}),
            "warehouse:check_empty": (f"/warehouse/tasks/{subjects['picked_task']}/empty/", {"left": "1"}),
            "warehouse:clear_rejected": (
                f"/warehouse/inspections/{subjects['inspection']}/rejected/",
                {"quantity": "1", "kind": "SCRAPPED"},
            ),
            "returns:settle": (f"/returns/{subjects['decided_return']}/settle/", {"kind": "CREDIT"}),
            "returns:create": (
                f"/returns/orders/{subjects['left_order']}/",
                {f"part-{subjects['left_part']}": "1", "reason": "DEFECTIVE", "wish": "REFUND"},
            ),
            "returns:receive_blind": (
                f"/returns/orders/{subjects['left_order']}/receive/",
                {f"part-{subjects['left_part']}": "1", "reason": "UNKNOWN", "wish": "UNKNOWN"},
            ),
            "returns:receive": (
                f"/returns/{subjects['awaited_return']}/receive/",
                {f"part-{subjects['returned_part']}": "1"},
            ),
            "returns:inspect": (
                f"/returns/{subjects['received_return']}/inspect/",
                {f"part-{subjects['returned_part']}-A": "1", "goes-A": "RESTOCK"},
            ),
            "returns:decide": (
                f"/returns/{subjects['inspected_return']}/decide/",
                {
                    f"units-{subjects['returned_part']}-A": "1",
                    f"goes-{subjects['returned_part']}-A": "SCRAP",
                },
            ),
            "returns:clear": (
                f"/returns/{subjects['quarantined_return']}/clear/",
                {
                    f"units-{subjects['returned_part']}-Q": "1",
                    f"goes-{subjects['returned_part']}-Q": "SCRAP",
                },
            ),
            "warehouse:pack_order": (
                f"/warehouse/orders/{subjects['picked_order']}/pack/",
                {"warehouse": house.warehouses[0].pk, f"part-{subjects['picked_part']}": "1"},
            ),
            "billing:pay_invoice": (
                f"/invoices/{subjects['invoice']}/pay/",
                money,
            ),
            "billing:receive_payment": (f"/invoices/customers/{subjects['customer']}/pay/", money),
            "billing:credit_invoice": (
                f"/invoices/{subjects['invoice']}/credit/",
                {f"units-{line}": "1", "reason": "A", "bills_again": "stays"},
            ),
            "dashboards:targets": ("/manager/targets/", {"first": "97"}),
            "billing:refund": (f"/invoices/{subjects['credit_note']}/refund/", money),
            "billing:refund_payment": (f"/invoices/payments/{subjects['payment']}/refund/", money),
            "billing:apply_credit_note": (f"/invoices/{subjects['credit_note']}/apply/", share),
            "billing:apply_payment": (f"/invoices/payments/{subjects['payment']}/apply/", share),
            "orders:credit_terms": (f"/orders/customers/{subjects['customer']}/credit/", {"limit": "5"}),
            "people:create": (
                "/people/new/",
                {"email": "new@orderly.example", "name": "A", "roles": "PICKER", "warehouses": house.warehouses[0].pk},
            ),
            "people:edit": (f"/people/{subjects['person']}/", {"name": "A", "roles": ["PICKER", "PURCHASER"]}),
            "people:reset_step": (f"/people/{subjects['person']}/second-step/", {"reason": "Phone lost"}),
            "people:second_step": ("/people/second-step/", {"roles": ["PICKER"]}),
            "core:save_view": ("/views/new/?queue=orders:queue", {"name": "Mine"}),
            "core:edit_view": (f"/views/{subjects['view']}/", {"name": "Renamed"}),
            "core:keep_view": (f"/views/{subjects['view']}/keep/", {"query": "tab=late"}),
            "core:drop_view": (f"/views/{subjects['view']}/drop/", {}),
            "core:notes": (f"/documents/salesorder/{subjects['order']}/notes/", {"text": "Wrap it"}),
            "core:assign_owner": (f"/documents/salesorder/{subjects['order']}/owner/", {"owner": ""}),
            "core:follow": (f"/documents/salesorder/{subjects['order']}/follow/", {"follow": "no"}),
            "core:correct_note": (
                f"/notes/{subjects['note']}/",
                {"text": "Call an hour before", "audience": "OFFICE", "seen": "0"},
            ),
            "core:strike_note": (f"/notes/{subjects['note']}/strike/", {}),
            "core:remove_file": (f"/notes/files/{subjects['note_file']}/remove/", {"why": "Old"}),
            "core:finish_notices": ("/inbox/put-away/", {"id": subjects["notice"]}),
            "core:preferences": ("/preferences/", {"name": "A", "time_zone": "UTC", "theme": "dark"}),
            "core:company": ("/company/", {"company": house.company.pk}),
            "core:theme": ("/theme/", {"theme": "light"}),
        }

    def setup_forms(self, world: World) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the forms of the set-up, as `forms` does."""
        company = {"name": "A", "country": "GB", "currency": "GBP", "time_zone": "UTC"}
        company |= {"language": "en", "email": "a@orderly.example"}
        series = {"begins": "RE", "digits": "4", "first_value": "9"}
        carrier = {"name": "A", "services": "Next day", "tracking_url": "https://a.example/{number}"}
        standing = letters.kind_named("supplier_order").original
        message = {"subject": "Order {number}", "text": "Dear {supplier}", "seen": standing.digest}
        return {
            "core:edit_message": ("/setup/messages/supplier_order/de/", message),
            "core:create_row": ("/setup/lists/carriers/new/", carrier),
            "core:edit_row": (f"/setup/lists/carriers/{world.subjects['carrier']}/", {**carrier, "name": "B"}),
            "core:edit_company": ("/setup/company/", company),
            "core:edit_series": (world.url(Address("core:edit_series", (), frozenset(), is_queue=False)), series),
        }

    def site_forms(self, world: World) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the forms of sites, as `forms` does."""
        site = f"/sites/{world.subjects['warehouse']}"
        place = {"name": "A", "priority": "5", "country": "GB", "postcode": "LS1 4AP", "cut_off": "14:30"}
        lane = {"country": "FR", "area": "75", "days": "3", "cost": "9.5"}
        calendar = {"name": "A", "weekdays": ["1", "2"], "holidays": "2026-12-25"}
        return {
            "sites:create_warehouse": ("/sites/new/", {**place, "code": "a"}),
            "sites:add_bins": (f"{site}/bins/new/", {"pattern": "X-1..X-3", "kind": "PICK"}),
            "sites:edit_bin": (
                f"{site}/bins/{world.subjects['bin']}/",
                {"code": "Y-1", "kind": "PICK", "sequence": "7"},
            ),
            "sites:edit_warehouse": (f"{site}/edit/", place),
            "sites:create_lane": (f"{site}/lanes/new/", lane),
            "sites:edit_lane": (f"{site}/lanes/{world.subjects['lane']}/", {**lane, "country": "IE"}),
            "sites:create_calendar": ("/sites/calendars/new/", calendar),
            "sites:edit_calendar": (f"/sites/calendars/{world.subjects['calendar']}/", {**calendar, "name": "B"}),
        }

    def channel_forms(self, world: World) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the forms of channels, as `forms` does."""
        channel = f"/channels/{world.subjects['channel']}"
        named = {"code": "fair", "name": "Fair", "priority": "9", "is_active": "on"}
        pool = {"sku": "SKU-0001", "warehouse": world.house.warehouses[0].pk, "allotment": "2", "overflow": "NONE"}
        return {
            "channels:create_channel": ("/channels/new/", named),
            "channels:edit_channel": (f"{channel}/edit/", {**named, "code": "shop"}),
            "channels:create_pool": (f"{channel}/pools/new/", pool),
            "channels:edit_pool": (f"{channel}/pools/{world.subjects['pool']}/", {**pool, "allotment": "3"}),
        }

    def supply_forms(self, world: World) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the forms of what is bought, as `forms` does."""
        subjects, site = world.subjects, world.house.warehouses[0].pk
        supplier = f"/supply/suppliers/{subjects['supplier']}"
        line, drafted = subjects["supplier_line"], subjects["drafted_line"]
        who = {
            "code": "b",
            "name": "B",
            "lead_days": "3",
            "over_percent": "0",
            "email": "b@example.com",
            "address": "1",
        }
        item = {"sku": "SKU-0001", "unit_cost": "3", "minimum": "1", "multiple": "1", "rank": "1"}
        rule = {"sku": "SKU-0001", "warehouse": site, "reorder_point": "1", "order_up_to": "2", "safety_stock": "0"}
        return {
            "supply:draft_suggestions": ("/supply/to-buy/draft/", {"key": f"{subjects['unmoved_product']}-{site}"}),
            "supply:create_supplier": ("/supply/suppliers/new/", who),
            "supply:edit_supplier": (f"{supplier}/edit/", {**who, "code": "c", "is_active": "on"}),
            "supply:create_item": (f"{supplier}/items/new/", item),
            "supply:edit_item": (f"{supplier}/items/{subjects['supplier_item']}/", item),
            "supply:order_from": (
                f"{supplier}/order/",
                {"warehouse": site, f"item-{subjects['supplier_item']}": "5"},
            ),
            "supply:acknowledge": (
                f"/supply/orders/{subjects['supplier_order']}/answer/",
                {"their_number": "X", f"line-{line}": "2026-12-24"},
            ),
            "supply:add_cost": (
                f"/supply/orders/{subjects['received_supplier_order']}/cost/",
                {"amount": "5.00", "reference": "Freight"},
            ),
            "supply:edit_order": (f"/supply/orders/{subjects['supplier_draft']}/edit/", {f"line-{drafted}": "4"}),
            "supply:create_rule": ("/supply/reorder-points/new/", rule),
            "supply:edit_rule": (f"/supply/reorder-points/{subjects['reorder_rule']}/", rule),
            "warehouse:receive": (
                f"/warehouse/goods-in/{subjects['supplier_order']}/",
                {f"line-{line}": "1", f"bin-{line}": "A-01"},
            ),
            "orders:bring_together": (f"/orders/{subjects['apart_order']}/bring/", {"warehouse": site}),
            "transfers:create": (
                "/transfers/new/",
                {
                    "from_warehouse": site,
                    "to_warehouse": subjects["stored_warehouse"],
                    "expected_on": "2099-11-24",
                    "items": "SKU-0001 2",
                },
            ),
            "transfers:date": (f"/transfers/{subjects['transfer']}/date/", {"expected_on": "2099-11-24"}),
            "transfers:send": (
                f"/transfers/{subjects['transfer']}/send/",
                {f"line-{subjects['transfer_line']}": "1"},
            ),
            "transfers:receive": (
                f"/transfers/{subjects['sent_transfer']}/receive/",
                {f"line-{subjects['sent_transfer_line']}": "1", f"bin-{subjects['sent_transfer_line']}": "A-01"},
            ),
        }

    def test_that_no_form_shows_change_nothing(self, world: World) -> None:
        elsewhere = CompanyFactory()
        client = Client()
        client.force_login(world.house.boss, backend="django.contrib.auth.backends.ModelBackend")
        forms = self.forms(world)
        assert forms.keys() >= {name for name in SUBJECTS if name in forms}
        for name, (url, form) in forms.items():
            before = fingerprint()
            answer = client.post(url, {**self.EXTRA, "company": elsewhere.pk, "company_id": elsewhere.pk, **form})
            assert answer.status_code == 302, (
                name,
                re.findall(r'class="field-error".*?</span>', answer.content.decode()),
            )
            assert fingerprint() != before, f"{name} did nothing, so this proves nothing"
        assert not forged(elsewhere.pk)
        boss = User.objects.get(pk=world.house.boss.pk)
        assert (boss.is_staff, boss.is_superuser, boss.email) == (False, False, world.house.boss.email)
        assert boss.roles == world.house.boss.roles
        assert not SalesOrder.objects.filter(status="CLOSED").exists()

    def test_of_every_form_are_tried(self, world: World) -> None:
        plain = {
            "orders:preview",
            "orders:runs",
            "orders:reallocate",
            "orders:keep_sheet",
            "orders:preview_hold",
            "orders:preview_cancel",
            "core:import_file",
            "core:logo",
            "core:login",
            "core:admin_login",
            "core:logout",
            "core:home",
            "core:change_password",
            "core:choose_password",
            *("core:second_step", "core:passkey_sign_in", "core:confirm_password", "core:set_up_app"),
            *("core:add_passkey", "core:name_passkey", "core:remove_passkey", "core:remove_app", "core:make_codes"),
            *("core:end_session", "core:end_others"),
        }
        pressed = {
            "inventory:close_product",
            "inventory:open_product",
            "warehouse:pick_task",
            "warehouse:unpack_parcel",
            "warehouse:short_task",
            "core:load_import",
            "core:stop_import",
            "orders:discard_sheet",
            "orders:break_up_kit",
            "orders:stop_run",
            "orders:go_on_with_run",
            "orders:drop_part",
            "orders:drop_price",
            "sites:drop_lane",
            "orders:drop_tax_rate",
            "core:restore_message",
            "core:remove_logo",
            *("core:retire_row", "core:take_back_row", "core:remove_row"),
            "channels:remove_pool",
            "people:let_go",
            "people:link",
            "inventory:drop_substitute",
            "supply:reckon_planning",
            "warehouse:put_back_one",
            "orders:lift_hold",
            "billing:undo_settlement",
            "core:training",
            *BULK,
        }
        posted = {address.name for address in ADDRESSES if "post" in address.methods}
        assert posted - plain - (pressed - self.forms(world).keys()) == self.forms(world).keys()

    def test_of_rows_change_nothing(self, world: World) -> None:
        elsewhere = CompanyFactory()
        client = Client()
        client.force_login(world.house.boss, backend="django.contrib.auth.backends.ModelBackend")
        extra = {**self.EXTRA, "company": elsewhere.pk, "carrier": "Van", "received_at": "2026-11-20T10:00"}
        moment = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
        extra |= {"reason": "Keeps it", "kind": "MISSED", "happened_at": moment, "rule": "DUE"}
        for address in ADDRESSES:
            if address.name in BULK:
                # The keys of the rows are `id`: nothing else is taken for one
                form = {**extra, "id": world.everything(BULK[address.name])[0]}
                if address.name == "orders:hold_many":
                    form["kind"] = "CUSTOMER"
                assert client.post(world.url(address), form).status_code in {302, 409}, address.name
        assert not forged(elsewhere.pk)
        assert not SalesOrder.objects.filter(status="CLOSED").exists()


def forged(company_id: int) -> list[str]:
    """Return the tables in which something stands that only a forged field said."""
    found = []
    for model in kept_models():
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM \"{table}\" row WHERE row::text ~* 'forged|99999[.]01'")
            if cursor.fetchone()[0]:
                found.append(table)
        if any(field.name == "company" for field in model._meta.concrete_fields):
            found += [table] * model._base_manager.filter(company_id=company_id).count()
    return found
