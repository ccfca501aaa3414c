"""Notes of a document in Chromium: written, filed and sent by keys alone; files dropped; nothing typed is ever lost."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from core.models import Note, NoteFile, Notice
from core.roles import Role
from tests.factories.core import person
from tests.factories.house import House

pytestmark = pytest.mark.django_db(transaction=True)
DROP = """([form, name, size]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(size).fill(120)], name));
    form.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


def test_a_note_and_its_files_by_keys_by_drop_and_across_the_end_of_a_session(page, sign_in, assert_accessible):
    house = House.open()
    person(Role.SALES_ADMIN, company=house.company, name="Ann Marsh")
    sign_in(house.boss)
    page.goto(f"/orders/customers/{house.customer.pk}/")
    page.keyboard.press("q")
    words = page.locator("#note-text")
    expect(words).to_be_focused()
    # A name is offered behind the @, and taken by a key
    page.keyboard.type("Ring twice, @mar")
    expect(page.get_by_role("option", name="Ann Marsh")).to_be_visible()
    page.keyboard.press("Enter")
    expect(words).to_have_value("Ring twice, @Ann Marsh ")
    expect(page.locator("#note-names")).to_be_hidden()
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(
        [
            {"name": "offer.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"},
            {"name": "list.csv", "mimeType": "text/csv", "buffer": b"a,b"},
        ]
    )
    expect(page.locator("[data-chosen] li")).to_have_count(2)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("2 files were added.")
    expect(page.locator(".note")).to_contain_text("Ring twice")
    expect(words).to_have_value("")
    expect(words).to_be_focused()
    assert (NoteFile.objects.count(), Notice.objects.get().user.name) == (2, "Ann Marsh")
    assert_accessible(page)

    # What the server refuses stays typed and chosen
    page.evaluate(DROP, [page.locator("[data-notepad]").element_handle(), "a.pdf", 0])
    expect(page.locator("[data-chosen] li")).to_have_count(1)
    words.fill("Look at this")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes-refusal")).to_contain_text("a.pdf is empty")
    expect(words).to_have_value("Look at this")
    expect(page.locator("[data-chosen] li")).to_have_count(1)
    # What is too large is said before it is sent
    page.evaluate(DROP, [page.locator("[data-notepad]").element_handle(), "b.pdf", 20 * 1024 * 1024 + 1])
    expect(page.locator("[data-chosen]")).to_contain_text("more than the 20.0 MB that a file may have")
    expect(page.get_by_role("button", name="Add", exact=False).locator("visible=true").last).to_be_disabled()
    for name in ("b.pdf", "a.pdf"):
        page.get_by_role("button", name=f"Leave out {name}").click()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    words.focus()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    expect(words).to_have_value("Look at this")
    assert Note.objects.count() == 1
