"""The way in, in Chromium: codes typed by keys alone, and passkeys of a device that the browser believes it has."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.access import totp
from core.models import Passkey, Session, User
from core.roles import Role
from tests.factories.core import PASSWORD, person

pytestmark = pytest.mark.django_db(transaction=True)
# Not the page on which one signs in, whose address ends alike
SECURITY = re.compile("^[^?]*" + reverse("core:security") + "$")


@pytest.fixture
def ann() -> User:
    return person(Role.PICKER, email="ann@example.com", name="Ann")


def type_password(page: Page) -> None:
    page.goto("/login/?next=/preferences/security/")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("ann@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def test_an_app_is_set_up_and_asked_for_by_keys_alone(page, ann, assert_accessible):
    type_password(page)
    expect(page).to_have_url(SECURITY)
    assert_accessible(page)
    page.get_by_role("link", name="Set up", exact=True).press("Enter")
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    expect(page.get_by_role("img", name="Code to scan")).to_be_visible()
    page.get_by_text("It cannot be scanned?").click()
    assert_accessible(page)
    secret = page.locator(".setup-letters").inner_text().replace(" ", "")
    now = totp.counter_at(timezone.now())
    page.get_by_label("Code", exact=True).focus()
    page.keyboard.type(totp.code_of(secret, now))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".recovery-codes li").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as kept:
        page.get_by_role("link", name="Keep as a file").click()
    assert all(code in kept.value.path().read_text() for code in codes)
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page).to_have_url(SECURITY)

    # Over a page whose session has ended, which stays as it is
    page.get_by_text("Set up another device").wait_for()
    Session.objects.all().delete()
    page.evaluate("document.querySelector('#main').dataset.mark = 'kept'")
    page.evaluate("htmx.ajax('GET', '/preferences/', {target: '#refusal'})")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("ann@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That code is not right")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are signed in again")).to_be_visible()
    assert page.evaluate("document.querySelector('#main').dataset.mark") == "kept"


def test_a_passkey_is_added_and_lets_in_alone_and_after_the_password(page, context, ann, assert_accessible):
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    type_password(page)
    page.get_by_role("link", name="Add a passkey").press("Enter")
    expect(page.get_by_label("What do you call this device?")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Control+A")
    page.keyboard.type("Desk computer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Desk computer", exact=True)).to_be_visible()
    assert_accessible(page)

    # The same device has one already
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("This device has a passkey for you already.")).to_be_visible()
    assert Passkey.objects.count() == 1

    context.clear_cookies()
    page.goto("/login/?next=/preferences/security/")
    assert_accessible(page)
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page).to_have_url(SECURITY)

    context.clear_cookies()
    type_password(page)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page).to_have_url(SECURITY)

    # Over a page as well
    Session.objects.all().delete()
    page.evaluate("htmx.ajax('GET', '/preferences/', {target: '#refusal'})")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("You are signed in again")).to_be_visible()
