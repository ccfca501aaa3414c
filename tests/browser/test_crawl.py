"""Every page in Chromium, administration and faults too: none breaks the content policy (T28), axe finds nothing.

The browser's own fixture fails a test whose pages broke the content policy or logged an error.
"""

import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from core.models import User
from core.roles import Role
from tests.browser.conftest import COME_TO_REST
from tests.factories.core import person
from tests.soak import count
from tests.sweep import World, addresses

pytestmark = pytest.mark.django_db(transaction=True)

# Pages that are one and the same for all their rows are opened once.
ENOUGH = 1
FAULTS = ["/nowhere/", "/products/999999999/", "/orders/?tab=x&after=y"]
STRICT = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'")
GRAVE = {"serious", "critical"}


@pytest.fixture
def world() -> World:
    """A house with something on every page."""
    return World.build()


@pytest.fixture
def support(world: World, sign_in) -> User:
    """Somebody who may do everything, in the administration as well."""
    user = person(Role.ADMINISTRATOR, company=world.house.company, is_staff=True, is_superuser=True)
    sign_in(user)
    return user


@pytest.fixture
def picker(world: World, sign_in) -> User:
    """Somebody who may do little, so that most pages are refusals."""
    user = person(Role.PICKER, company=world.house.company)
    sign_in(user)
    return user


def pages(world: World) -> list[str]:
    """Return the address of every page that a browser shows."""
    shown = [address for address in addresses() if "get" in address.methods]
    paper = {"warehouse:pick_list", "warehouse:packing_slip", "billing:document", "core:healthz", "core:readyz"}
    paper |= {"transfers:slip", "channels:publish", "supply:print_order"}
    paper |= {"core:export_rows", "core:refused_rows", "core:source_file", "core:note_file", "core:logo_picture"}
    # Fragments are opened in their pages
    parts = {"orders:find_customers", "orders:find_products", "orders:peek", "billing:paper", "core:work"}
    parts |= {"core:passkey_sign_in", "core:passkey_options", "core:nameable"}
    urls = [world.url(address) for address in shown if address.name not in paper | parts]
    detail = next(address for address in shown if address.name == "orders:detail")
    return [*urls, *(re.sub(r"\d+", str(order.pk), world.url(detail)) for order in world.orders.values()), *FAULTS]


def administration(page: Page) -> Iterator[str]:
    """Yield the addresses of the administration: its lists, and of each the first row and the empty form."""
    page.goto("/admin/")
    lists = [link for link in links(page) if re.fullmatch(r"/admin/\w+/\w+/", link)]
    yield "/admin/"
    for address in lists:
        yield address
        page.goto(address)
        rows = [link for link in links(page) if re.fullmatch(rf"{address}(\d+/change|add)/", link)]
        yield from sorted(rows, reverse=True)[: ENOUGH + 1]


def links(page: Page) -> list[str]:
    """Return where the links of a page lead within the product, without repeating one."""
    found = page.eval_on_selector_all("a[href]", "all => all.map((one) => one.href)")
    here = urlsplit(page.url).netloc
    return list(dict.fromkeys(urlsplit(urldefrag(url)[0]).path for url in found if urlsplit(url).netloc == here))


def assert_strict(headers: dict[str, str], address: str) -> None:
    """Check that an answer carries the whole policy."""
    policy = headers.get("content-security-policy", "")
    assert "unsafe" not in policy, address
    assert all(part in policy for part in STRICT), (address, policy)
    assert headers["x-content-type-options"] == "nosniff", address
    assert headers["referrer-policy"] == "same-origin", address
    assert headers["cross-origin-opener-policy"] == "same-origin", address


def visit(page: Page, address: str) -> None:
    """Open a page and wait for its scripts."""
    response = page.goto(address, wait_until="load")
    assert response is not None
    assert response.status < 500, address
    assert_strict(response.headers, address)


def test_nothing_breaks_the_policy_in_the_administration(page, support):
    for address in list(administration(page)):
        visit(page, address)


def test_nothing_breaks_the_policy_for_a_picker(page, world, picker):
    for address in pages(world):
        visit(page, address)


def test_nothing_breaks_the_policy_for_a_stranger(page, world):
    for address in ["/login/", "/orders/", "/nowhere/", "/admin/"]:
        visit(page, address)


# Short, every second page is looked at in the light and the others in the dark
@pytest.mark.soak("T28")
@pytest.mark.parametrize(("turn", "theme"), [(0, User.Theme.LIGHT), (1, User.Theme.DARK)], ids=str)
def test_nothing_breaks_the_policy_and_axe_finds_nothing_grave(page, world, support, turn, theme):
    User.objects.filter(pk=support.pk).update(theme=theme)
    axe, found, step = Axe(), [], count(short=2, full=1)
    for address in pages(world)[turn % step :: step]:
        visit(page, address)
        page.evaluate(COME_TO_REST)
        for violation in axe.run(page).response["violations"]:
            if violation["impact"] in GRAVE:
                targets = [node["target"] for node in violation["nodes"]]
                found.append(f"{address}: {violation['id']} at {targets[:3]}")
    assert not found, "\n".join(found)
