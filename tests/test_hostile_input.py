"""What nobody types but somebody sends: no address answers it with a fault of ours, and none obeys it."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import resolve, reverse
from pypdf import PdfReader

from core import intake
from core.intake import sheets
from core.roles import Role
from inventory.models import Product
from orders.models import SalesOrder
from tests.factories.core import person, work_imports
from tests.factories.house import AT
from tests.soak import sample
from tests.sweep import BULK, SUBJECTS, Address, Visitor, World, addresses

pytestmark = pytest.mark.django_db

ADDRESSES = {address.name: address for address in addresses()}
TEXTS = ["\0", "a\0b", "\U0001f4a5\u202e", "x" * 5_000, "'\"><script>alert(1)</script>", "%", "\\", "\u0661"]
FIGURES = [
    "0",
    "-1",
    "1e999",
    "1e-999",
    "NaN",
    "sNaN",
    "-Infinity",
    "9" * 40,
    "0.0000001",
    "1_0",
    ".",
    "1.5.5",
    "1E+30",
]
DAYS = ["0001-01-01", "9999-12-31", "0000-00-00", "2026-02-30", "99999-01-01", "2026-11-22T00:00"]
# The Arabic digit one is a number
KEYS = ["", "0", "-1", str(2**63 - 1), str(2**63), "x", "\0", "1.5", "9" * 5_000, *TEXTS[:-1]]


def cursor(*values: Any) -> str:
    """Write a cursor as the pager would."""
    return encoded(json.dumps(values))


def encoded(text: str) -> str:
    """Write what a cursor is not."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


CURSORS = [
    *("!", "\u00e9", "A" * 4_000, encoded("{}"), encoded("[1]"), encoded('"ab"'), encoded("[" * 2_500)),
    *(encoded("[null,1e400]"), encoded('["1",NaN]'), encoded('["\\ud800",1]')),
    *(cursor(value, 1) for value in ("a", None, "NaN", "1e999999", "9" * 400, "\0", {"a": 1}, ["\0"], "x" * 9_000)),
    *(cursor(value, 1) for value in ("0001-01-01", "9999-12-31", "2024-01-01T00:00:00", "0001-01-01T00:00+14:00")),
    *(cursor("1", key) for key in (2**63, -(2**70), None, [1], "1e5", 1.5)),
]


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Somebody who may do everything in it."""
    return Visitor(world.house.boss)


def queues() -> list[Address]:
    """Return the addresses of queues."""
    return [address for address in ADDRESSES.values() if address.is_queue]


def url(address: Address) -> str:
    """Return an address with any key."""
    return reverse(address.name, kwargs=dict.fromkeys(address.parameters, 1))


class TestAddresses:
    @pytest.mark.parametrize("name", [address.name for address in queues()])
    def test_a_queue_shows_its_first_page_for_a_cursor_that_is_none(self, world, visitor, name):
        address = ADDRESSES[name]
        table = resolve(world.url(address)).func.view_class.table_class
        sorts = [column for column, found in table.base_columns.items() if found.orderable is not False]
        for turn, sort in enumerate(["", *sorts, f"-{sorts[-1]}"], list(ADDRESSES).index(name)):
            for place, text in sample(list(enumerate(CURSORS)), turn):
                query = {"tab": "all", "sort": sort, "before" if place % 2 else "after": text}
                assert visitor.ask("get", world.url(address), query, watch=False).status == 200, (sort, text)

    @pytest.mark.parametrize("name", [address.name for address in queues()])
    def test_a_queue_takes_any_text(self, world, visitor, name):
        parameters = ("q", "tab", "sort", "kind", "standing", "wanted", "format")
        for turn, parameter in enumerate(parameters, list(ADDRESSES).index(name)):
            for text in sample(TEXTS, turn):
                for more in ({}, {"format": "csv"}):
                    query = {**more, parameter: text}
                    answer = visitor.ask("get", world.url(ADDRESSES[name]), query, watch=False)
                    assert answer.status == 200, query
                    assert "<script>alert" not in answer.text or "csv" in answer.response["Content-Type"]

    def test_a_page_takes_any_text(self, world, visitor):
        for turn, address in enumerate(address for address in ADDRESSES.values() if not address.is_queue):
            for text in sample(TEXTS, turn) if "get" in address.methods else ():
                query = dict.fromkeys(("q", "customer", "after", "next", "download"), text)
                answer = visitor.ask("get", world.url(address), query, watch=False)
                assert answer.status < 500, (address.name, text)
                assert "<script>alert" not in answer.text, address.name

    def test_a_key_beyond_all_numbers_is_nothing(self, visitor):
        for turn, address in enumerate(ADDRESSES.values()):
            # A link to choose a password names no row: who follows a wrong one is told so
            has_key = address.parameters and address.name != "core:choose_password"
            for key in sample((0, 2**31, 2**63 - 1, 2**63, 10**30), turn) if has_key else ():
                for method in sorted(address.methods - {"options"}):
                    wrong = reverse(address.name, kwargs=dict.fromkeys(address.parameters, key))
                    assert visitor.ask(method, wrong, {"carrier": "Van"}, watch=False).status in {404, 405, 422}, wrong

    def test_a_form_in_another_encoding_is_refused(self, visitor):
        kind = "application/x-www-form-urlencoded; charset=utf-16"
        forger = Visitor(enforce_csrf_checks=True)
        assert forger.client.get("/login/").status_code == 200
        for somebody in (visitor, forger):
            answer = somebody.ask("post", "/theme/", b"theme=dark", content_type=kind)
            assert (answer.status, answer.wrote) == (400, frozenset())


class TestRows:
    """The verbs that take the keys of rows."""

    @pytest.mark.parametrize("name", BULK)
    def test_take_no_key_that_is_none_of_theirs(self, world, visitor, name):
        address = world.url(ADDRESSES[name])
        good = str(world.everything(BULK[name])[0])
        wrong = [*([key] for key in KEYS), [good, "0"], [good, "x"], list(map(str, range(1, 900)))]
        for keys in sample(wrong, list(BULK).index(name)):
            answer = visitor.ask("post", address, {"id": keys, "carrier": "Van"})
            assert answer.status in {400, 404}, keys[:3]
            assert not answer.wrote
        assert visitor.ask("post", address, {"id": [good] * 3_000}).status == 400

    @pytest.mark.parametrize("name", BULK)
    def test_answer_whatever_page_htmx_says_it_is_on(self, world, visitor, name):
        crowd = "&".join(f"a{number}=1" for number in range(1_100))
        for page in ("http://[", "//evil", "javascript:alert(1)", "/?q=%00&after=zz&tab=x&sort=-y", f"/?{crowd}", "é"):
            answer = visitor.ask(
                "post",
                world.url(ADDRESSES[name]),
                {"id": world.everything(BULK[name]), "carrier": "Van"},
                headers={"HX-Request": "true", "HX-Current-URL": page},
            )
            assert answer.status in {200, 409, 422}, page  # 422: a verb that asks for more than the rows
            assert "javascript:" not in answer.text


class TestWayBack:
    """Where a form asks to go afterwards."""

    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///e.x"]
    )
    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_is_never_elsewhere(self, world, visitor, target, headers):
        form = {"id": world.subjects["product"], "theme": "dark", "next": target}
        for page in ("/theme/", "/products/close/"):
            answer = visitor.ask("post", page, form, headers=headers)
            went = answer.response.get("Location") or answer.response.get("HX-Redirect") or "/"
            assert re.match(r"/(?![/\\])", went), went

    def test_makes_no_header_of_its_own(self, world, visitor):
        form = {"id": world.subjects["product"], "next": "/a\r\nSet-Cookie: forged=1"}
        answer = visitor.ask("post", "/products/close/", form, headers={"HX-Request": "true"})
        assert answer.response["HX-Redirect"] == "/a%0D%0ASet-Cookie:%20forged=1"

    def test_at_the_door_may_be_any_text(self):
        for text in (*TEXTS, "x" * 3_000):
            form = {"username": "a@orderly.example", "password": text}
            answer = Visitor().ask("post", "/login/", form, query_params={"next": text})
            assert answer.status == 422

    def test_after_signing_in_is_never_elsewhere(self, world):
        form = {"username": world.house.boss.email, "password": "correct horse battery staple"}
        answer = Visitor().ask("post", "/login/", {**form, "next": "//evil.example/"})
        assert answer.response["Location"] == "/"


class TestForms:
    """Every field of every form, with everything that does not belong in it."""

    def forms(self, world: World) -> dict[str, dict[str, Any]]:
        """Return each form filled in, so that one bad field is the only one."""
        product = {"sku": "A-1", "name": "A", "kind": "STOCK", "unit": world.house.unit.pk, "gtin": "", "weight_g": "1"}
        customer = {"number": "C-9", "name": "A", "price_list": world.house.prices.pk, "terms_days": "30"}
        customer |= {"email": "", "phone": "", "vat_number": "", "language": "en"}
        address = {"name": "A", "street": "1 Road", "city": "Leeds", "postcode": "LS1", "country": "GB"}
        order = {"customer": "C-1", "po_number": "A", "ordered_on": "2026-11-20", "requested_on": "2026-11-24"}
        order |= {"ship_to": "", "item": "SKU-0001", "quantity": "1", "price": "", "discount": "", "then": "confirm"}
        payment = {"amount": "1.00", "received_on": "2026-11-20", "method": "BANK", "reference": ""}
        return {
            "inventory:create_product": product,
            "inventory:edit_product": product,
            "orders:create_customer": customer,
            "orders:edit_customer": customer,
            "orders:create_address": address,
            "orders:edit_address": address,
            "orders:create": order,
            "orders:preview": order,
            "shipping:dispatch_order": {"carrier": "Van", "tracking_number": ""},
            "billing:pay_invoice": payment,
            "core:preferences": {"name": "A", "time_zone": "UTC", "theme": "dark"},
            "core:theme": {"theme": "dark"},
            "core:login": {"username": "a@orderly.example", "password": "x"},
        }

    @pytest.mark.parametrize(
        "name",
        [
            *("inventory:create_product", "inventory:edit_product", "orders:create_customer", "orders:edit_customer"),
            *("orders:create_address", "orders:edit_address", "orders:create", "orders:preview"),
            *("shipping:dispatch_order", "billing:pay_invoice", "core:preferences", "core:theme", "core:login"),
        ],
    )
    def test_answer_with_a_sentence_or_take_it_as_it_is(self, world, name):
        visitor = Visitor(None if name == "core:login" else world.house.boss)
        form, address = self.forms(world)[name], world.url(ADDRESSES[name])
        fields = [*form, "idempotency_key", "seen", "next", "addresses_of"]
        for turn, field in enumerate(fields, list(ADDRESSES).index(name)):
            for bad in sample([*TEXTS, *FIGURES, *DAYS], turn):
                answer = visitor.ask("post", address, {**form, field: bad}, watch=False)
                # 429: the fifth try at the door
                assert answer.status in {200, 302, 400, 409, 422, 429}, (field, bad)
                assert "<script>alert" not in answer.text, field


class TestImports:
    HEAD = "PO,Customer,SKU,Quantity,Price,Date\n"
    URL = "/imports/new/"

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"PK\x03\x04" + b"x" * 100,
            b"a\0b",
            b'PO,"Customer\n',
            ",".join(f"c{number}" for number in range(400)).encode(),
            HEAD.encode("utf-16-le"),
            b"x" * (1024 * 1024 + 1),
            f"{HEAD}P-1,C-1,{'x' * 100_000},1,1,2026-11-20\n".encode(),
        ],
        ids=["empty", "zip", "NUL", "open quote", "400 columns", "UTF-16 without a mark", "one line", "huge cell"],
    )
    def test_refuse_what_is_no_table(self, visitor, data):
        answer = visitor.ask("post", self.URL, {"kind": "orders", "file": SimpleUploadedFile("orders.csv", data)})
        assert (answer.status, answer.wrote) == (422, frozenset())

    def test_refuse_what_is_too_large(self, visitor, monkeypatch):
        monkeypatch.setattr(sheets, "MAX_BYTES", 10)
        answer = visitor.ask(
            "post", self.URL, {"kind": "orders", "file": SimpleUploadedFile("orders.csv", self.HEAD.encode())}
        )
        assert (answer.status, answer.wrote) == (422, frozenset())

    @pytest.mark.parametrize(
        "row",
        [
            "P-1,C-1,SKU-0001,1e999,NaN,9999-12-31",
            "P-1,C-1,SKU-0001,Infinity,-1,0001-01-01",
            "P-1,C-1,SKU-0001,0,1,2026-11-20",
            "=1+1,C-1,SKU-0001,-1,1,2026-11-20",
            "P-1,C-1,Caf\u00e9,1,1,2026-11-20",
            f"P-1,C-1,{'x' * 30_000},1,1,2026-11-20",
            "<script>alert(1)</script>,<script>alert(1)</script>,<script>alert(1)</script>,1,1,2026-11-20",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
    def test_name_the_row_that_they_refuse(self, visitor, world, row, encoding):
        name = '"><script>alert(1)<.csv'
        content = io.BytesIO(f"{self.HEAD}{row}\n".encode(encoding))
        boss = world.house.boss
        run = intake.receive(kind="orders", name=name, content=content, actor=boss, at=AT)
        intake.check_file(import_id=run.pk, actor=boss, at=AT)
        work_imports()
        orders = SalesOrder.objects.count()
        answer = visitor.ask("get", f"/imports/{run.pk}/")
        assert answer.status == 200
        assert "Refused rows" in answer.text
        assert "<script>alert" not in answer.text
        assert SalesOrder.objects.count() == orders


class TestStoredText:
    """Text that somebody stored, wherever it is shown again."""

    SCRIPT, FORMULA = "<img src=x onerror=a()>", "=1+1"

    @pytest.fixture
    def stained(self, world: World) -> World:
        """Put markup and formulas into every text that people type."""
        house = world.house
        for row, fields in (
            (house.customer, ("name",)),
            (house.customer.addresses.get(), ("name", "street", "city")),
            (house.warehouses[0], ("name",)),
            (house.unit, ("name",)),
            (house.boss, ("name",)),
            (house.company, ("name", "address", "bank_name")),
        ):
            for field in fields:
                setattr(row, field, f"{self.FORMULA}{self.SCRIPT}")
            row.save()
        for product in Product.objects.filter(company=house.company):
            product.name = f"{self.FORMULA}{self.SCRIPT}"
            product.save()
        draft = house.draft((house.product([9]), 1), po_number=f"{self.FORMULA}{self.SCRIPT}"[:60])
        world.orders["stained"] = draft
        return world

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PICKER])
    def test_is_text_on_every_page_and_no_formula_in_any_file(self, stained, role):
        visitor = Visitor(person(role, company=stained.house.company, name=f"{self.FORMULA}{self.SCRIPT}"))
        shown = 0
        for address in ADDRESSES.values():
            pages = {stained.url(address)}
            if SUBJECTS.get(address.name) == {"pk": "order"}:
                pages.add(re.sub(r"\d+", str(stained.orders["stained"].pk), stained.url(address)))
            for page in pages:
                for query in ({"tab": "all"}, {"tab": "all", "format": "csv"}, {"q": self.SCRIPT}):
                    answer = visitor.ask("get", page, query, watch=False)
                    kind = answer.response.get("Content-Type", "")
                    if kind.startswith("text/csv"):
                        cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
                        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))], page
                        shown += any(cell.startswith("'=") for cell in cells)
                    elif kind == "application/pdf":
                        paper = PdfReader(io.BytesIO(answer.body))
                        assert not paper.attachments
                        assert not any(sheet.images for sheet in paper.pages)
                    else:
                        assert "<img" not in answer.text, page
                        shown += "&lt;img src=x" in answer.text
        assert shown > 3, "the text is nowhere, so this proves nothing"
        assert SalesOrder.objects.filter(pk=stained.orders["stained"].pk).exists()
