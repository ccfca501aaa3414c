"""Two browsers at the same note: one of them takes the file away or corrects it, and the other is told."""

import io

import pytest

from core import notes
from core.models import Note, NoteFile
from core.refusals import Blocked, ChangedMeanwhile
from tests.factories.core import signed_in
from tests.factories.house import AT, House
from tests.race import race
from tests.unlocked import take_locks_away

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house():
    """A house whose boss put a note with a file to a customer."""
    house = House.open()
    notes.write_note(
        kind="customer",
        document_id=house.customer.pk,
        text="First",
        files=[notes.Sent("a.pdf", io.BytesIO(b"%PDF-1"))],
        actor=house.boss,
        at=AT,
    )
    return house


def remove_at_once(house):
    """Remove the file twice, for two reasons; return what was refused."""
    pk = NoteFile.objects.get().pk
    assert house.boss.verbs
    whys = ("Old price", "Wrong customer")
    outcomes = race(*[lambda why=why: notes.remove_file(file_id=pk, why=why, actor=house.boss, at=AT) for why in whys])
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]


def correct_at_once(house):
    """Correct the note twice; return what was refused."""
    note = Note.objects.get()
    assert house.boss.verbs
    outcomes = race(
        *[
            lambda text=text: notes.correct_note(
                note_id=note.pk, text=text, audience=note.audience, seen=0, actor=house.boss, at=AT
            )
            for text in ("Second", "Other second")
        ]
    )
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]


class TestOneNote:
    def test_has_its_file_removed_for_one_reason(self, house):
        assert remove_at_once(house) == [Blocked]

    def test_would_have_it_removed_for_two_without_the_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, Note)
        assert remove_at_once(house) == []

    def test_is_corrected_by_one_of_two(self, house):
        assert correct_at_once(house) == [ChangedMeanwhile]
        assert Note.objects.get().revision == 1

    def test_would_lose_a_correction_without_the_lock(self, house, monkeypatch):
        take_locks_away(monkeypatch, Note)
        assert correct_at_once(house) == []
        assert Note.objects.get().revision == 1


def test_a_click_strikes_a_note(house):
    """Not in the transaction in which other tests run."""
    client = signed_in(house.boss)
    pk = Note.objects.get().pk
    assert client.post(f"/notes/{pk}/strike/").status_code == 302
    file = NoteFile.objects.get().pk
    assert client.post(f"/notes/files/{file}/remove/", {"why": "Old"}).status_code == 302
    assert client.post(f"/documents/customer/{house.customer.pk}/follow/", {"follow": "no"}).status_code == 302
    assert client.post(f"/documents/customer/{house.customer.pk}/owner/", {"owner": house.boss.pk}).status_code == 302
