"""Every button that sends something, pressed twice at once, does what it does pressed once (TRUST.md T7)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from playwright.sync_api import Locator, Page, Response

from config.dev.databases import clone_database, drop_database
from core.roles import Role
from tests.browser.test_crawl import pages
from tests.database import CLUSTER
from tests.factories.core import person
from tests.soak import count
from tests.sweep import World, fingerprint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.soak("T7")]

TRIED, STEP = count(short=5, full=1_000), count(short=3, full=1)
BUTTONS = 'form[method="post"] button:not([type="button"]), button[form]:not([type="button"]), button[hx-post]'
# What ends the session or only changes how things look
LEFT_OUT = re.compile(r"^(/logout/|/theme/|/preferences/)")
# Tables that tell of requests, not of what they did
NOT_EFFECTS = {"core_idempotencykey", "core_session", "axes_accesslog", "axes_accessattempt"}
DESCRIBE = """all => all.map((button) => [
    button.getAttribute("hx-post") || button.getAttribute("formaction") || button.form?.getAttribute("action")
        || location.pathname,
    button.textContent.trim().replace(/\\s+/g, " "), (button.form?.getAttribute("method") || "post").toLowerCase(),
    button.checkVisibility() && !button.disabled])"""


@dataclass(frozen=True)
class Button:
    """A button of a page: what it is sent to, what it says, and which one of the page's it is."""

    page: str
    action: str
    text: str
    place: int


def open_page(page: Page, address: str) -> None:
    """Open a page and choose its first row, where rows are chosen."""
    page.goto(address)
    rows = page.locator('tbody input[type="checkbox"][name="id"]:visible:enabled')
    if rows.count():
        rows.first.check()


def buttons(page: Page, addresses: list[str]) -> list[Button]:
    """Return the buttons of all pages; one that stands on several is returned once."""
    found: dict[tuple[str, str], Button] = {}
    for address in addresses:
        open_page(page, address)
        for place, (action, text, method, is_on) in enumerate(page.locator(BUTTONS).evaluate_all(DESCRIBE)):
            kind = (re.sub(r"\d+", "#", action.split("?")[0]), re.sub(r"\d+", "#", text))
            if is_on and method == "post" and not LEFT_OUT.match(action):
                found.setdefault(kind, Button(address, action, text, place))
    return [found[kind] for kind in sorted(found)]


class TestEveryButton:
    @pytest.fixture
    def world(self, pytestconfig: pytest.Config, sign_in: Any) -> Any:
        """A house with something on every page, kept beside this process's database to be brought back."""
        world = World.build()
        sign_in(person(Role.ADMINISTRATOR, company=world.house.company))
        cluster, database = pytestconfig.stash[CLUSTER], connection.settings_dict["NAME"]
        connections.close_all()
        with psycopg.connect(cluster.uri(), autocommit=True) as admin:  # the live server keeps a connection of its own
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
        clone_database(cluster.uri(), template=database, database=f"{database}_world")

        def bring_back() -> None:
            connections.close_all()
            clone_database(cluster.uri(), template=f"{database}_world", database=database)

        yield world, bring_back
        drop_database(cluster.uri(), database=f"{database}_world")

    def test_does_twice_at_once_what_it_does_once(self, page: Page, world: Any) -> None:
        house, bring_back = world
        found = buttons(page, pages(house)[::STEP])
        assert len(found) >= 12, found
        wrong = []
        for button in found[:: max(1, len(found) // TRIED)]:
            outcomes = []
            for press in (Locator.click, Locator.dblclick):
                page.goto("about:blank")  # a page asks for news of its own accord, and its database is about to go
                self.wait_for_the_server(page)
                bring_back()
                outcomes.append(self.pressed(page, button, press))
            (once, answers), (twice, again) = outcomes
            if once != twice:
                wrong.append(f"{button}: {sorted(set(twice.items()) ^ set(once.items()))}")
            if max(answers, default=0) < 400 <= max(again, default=0):
                wrong.append(f"{button}: answered {again}, and {answers} pressed once")
            if max([*answers, *again], default=0) >= 500:
                wrong.append(f"{button}: answered {answers}, {again}")
        assert not wrong, "\n".join(wrong)

    def pressed(self, page: Page, button: Button, press: Any) -> tuple[dict[str, int], list[int]]:
        """Press a button, and the one of the dialog that it opens; return the rows of each table, and the answers."""
        open_page(page, button.page)
        answers: list[int] = []

        def note(response: Response) -> None:
            if response.request.method == "POST":
                answers.append(response.status)

        page.on("response", note)
        press(page.locator(BUTTONS).nth(button.place))
        asked = page.locator("dialog[open] button:not([type='button']):visible")
        if asked.count():
            press(asked.first)
        self.wait_for_the_server(page)
        page.remove_listener("response", note)
        rows = {table: rows for table, (rows, _digest) in fingerprint().items() if table not in NOT_EFFECTS}
        return rows, answers

    def wait_for_the_server(self, page: Page) -> None:
        """Wait until nothing is worked on: a browser forgets the first request of two, the server does not."""
        others = """SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"""
        quiet, until = 0, time.monotonic() + 60
        while quiet < 5 and time.monotonic() < until:
            page.wait_for_timeout(100)
            with connection.cursor() as cursor:
                cursor.execute(others)
                quiet = quiet + 1 if cursor.fetchone()[0] == 0 else 0
        connection.close()
