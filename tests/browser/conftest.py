"""Gives tests a page in Chromium, and fails a test whose page broke the content policy or logged an error."""

import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

FLAGS = [
    "--no-sandbox",  # its sandbox refuses root, and the only site it opens is ours
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # no page may reach outside
]
# Answers that the product gives on purpose. Chromium logs each as an error, which it is not.
REFUSAL = re.compile(r"Failed to load resource: .* status of (400|401|403|404|409|422|429) ")
REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) =>
        console.error(`Content policy: ${event.violatedDirective} blocked ${event.blockedURI} ${event.sample}`));
"""
# What fades in has less contrast than it will have, and what was just changed begins to fade with the next frame.
COME_TO_REST = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    await frame().then(frame);
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
}"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium, once a session."""
    executable = shutil.which("chromium")
    assert executable, "Chromium is not installed: run make test, which brings it."
    with pytest.MonkeyPatch.context() as patches, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, where Django would then refuse its plain database calls.
        patches.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """Open a browser of its own for this test, with no cookies, and collect what its pages complain of."""
    complaints: list[str] = []
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(10_000)
    context.on("page", type_when_loaded)
    context.add_init_script(REPORT_VIOLATIONS)
    context.on("console", lambda message: complaints.extend(complaints_in(message)))
    context.on("weberror", lambda error: complaints.append(f"{error.error} on {error.page and error.page.url}"))
    yield context
    for page in context.pages:
        # What a test leaves typed is not sent while its database goes
        page.evaluate("navigator.sendBeacon = () => true")
    context.close()
    if complaints:
        pytest.fail("The page complained:\n" + "\n".join(complaints), pytrace=False)


def type_when_loaded(page: Page) -> None:
    """Let keys wait until the page has loaded, as a person does: before that its scripts do not hear them."""
    keyboard = page.keyboard
    press = keyboard.press

    def press_when_loaded(key: str, **options: float) -> None:
        page.wait_for_load_state()
        press(key, **options)

    keyboard.press = press_when_loaded  # type: ignore[method-assign]


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Open a page on the running product."""
    return context.new_page()


@pytest.fixture
def sign_in(context: BrowserContext, live_server: LiveServer) -> Callable[[AbstractBaseUser], None]:
    """Give a function that signs a person in without the login page."""

    def sign_in(user: AbstractBaseUser) -> None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])

    return sign_in


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Give a function that fails with the accessibility faults that axe finds on a page, once nothing on it moves."""

    def assert_accessible(page: Page) -> None:
        page.evaluate(COME_TO_REST)
        results = Axe().run(page)
        assert not results.violations_count, results.generate_report()

    return assert_accessible


def complaints_in(message: ConsoleMessage) -> list[str]:
    """Give what a console message complains of, refusals that the product means apart."""
    where = message.location.get("url", "")
    is_refusal = REFUSAL.match(f"{message.text} ") and settings.STATIC_URL not in where
    return [] if message.type != "error" or is_refusal else [f"{message.text} ({where})"]
