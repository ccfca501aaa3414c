"""Notes, files, owners and followers of documents: who writes, who sees, who is told, and what is never lost (V5)."""

import hashlib
import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core import notes, registry
from core.models import Audience, DocumentOwner, Follower, Note, NoteFile, Notice, SourceFile
from core.notes import sniffing
from core.notes.documents import NoSuchDocument
from core.notes.telling import named_in
from core.notes.writing import NoteRefused
from core.refusals import Blocked, ChangedMeanwhile, NotAllowed
from core.roles import VERBS, Role
from inventory.models import WarehouseAccess
from orders import services as orders_services
from orders.models import CancelReason, Hold, OrderEvent, SalesOrder
from orders.models.events import TOLD
from tests.factories.core import CompanyFactory, UserFactory, person, signed_in
from tests.factories.house import AT, House
from tests.factories.transfers import drafted as kept_transfer
from tests.factories.warehouse import picked, released
from warehouse.models import Wave

pytestmark = pytest.mark.django_db
PDF, PNG = b"%PDF-1.7\n1 0 obj", b"\x89PNG\r\n\x1a\n\0\0"


@pytest.fixture
def house():
    """A house with an order, keyed by the boss."""
    house = House.open()
    house.item = house.product([99])
    house.one = house.order((house.item, 2))
    return house


def write(house, text="", *, actor=None, audience=Audience.OFFICE, files=(), kind="salesorder", pk=None):
    """Put a note to the order, or to another document, and return what came of it."""
    sent = [notes.Sent(name, io.BytesIO(content)) for name, content in files]
    return notes.write_note(
        kind=kind,
        document_id=pk or house.one.pk,
        text=text,
        audience=audience,
        files=sent,
        actor=actor or house.boss,
        at=AT,
    )


def told(user):
    """Return what a person was told, the latest last."""
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("what", flat=True))


def page(user, url):
    """Return a page as somebody sees it."""
    answer = signed_in(user).get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def notes_url(house):
    """Return where notes are put to the order."""
    return f"/documents/salesorder/{house.one.pk}/notes/"


class TestWriting:
    def test_puts_words_and_files_to_a_document_for_good(self, house):
        written = write(house, "  Packed\r\nin blue  ", files=[("offer.pdf", PDF), ("../../x/photo.PNG", PNG)])
        note = Note.objects.get()
        assert (note.text, note.author, written.files) == ("Packed\nin blue", house.boss, 2)
        files = list(NoteFile.objects.select_related("file"))
        assert [(each.file.name, each.content_type) for each in files] == [
            ("offer.pdf", "application/pdf"),
            ("photo.PNG", "image/png"),
        ]
        assert files[0].file.sha256 == hashlib.sha256(PDF).hexdigest()
        for model in (Note, NoteFile):
            with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
                model.objects.all().delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            SourceFile.objects.update(name="other")

    @pytest.mark.parametrize(
        ("text", "files", "said"),
        [
            ("   ", [], "Write something"),
            ("x" * 5001, [], "at most 5,000"),
            ("a\0b", [], "no text has"),
            ("", [(f"{n}.pdf", PDF + bytes([n])) for n in range(11)], "At most 10 files"),
            ("kept", [("a.pdf", b"")], "a.pdf is empty"),
        ],
    )
    def test_refuses_what_is_nothing_or_too_much_and_keeps_nothing_of_it(self, house, text, files, said):
        with pytest.raises(NoteRefused, match=said), transaction.atomic():
            write(house, text, files=files)
        assert not Note.objects.exists()
        assert not SourceFile.objects.exists()

    def test_does_not_keep_the_same_content_twice_and_says_so(self, house):
        write(house, files=[("offer.pdf", PDF)])
        with pytest.raises(NoteRefused, match="was not kept again: it is the same as"):
            write(house, files=[("again.pdf", PDF)])
        both = write(house, "See", files=[("b.pdf", PDF), ("c.png", PNG), ("d.png", PNG)])
        assert (both.files, len(both.warnings)) == (1, 2)
        # For others it is another matter, and on another document; one that was removed may come again
        assert write(house, files=[("offer.pdf", PDF)], audience=Audience.WAREHOUSE).files == 1
        assert write(house, files=[("offer.pdf", PDF)], kind="customer", pk=house.customer.pk).files == 1
        first = NoteFile.objects.order_by("pk").first()
        notes.remove_file(file_id=first.pk, why="Wrong one", actor=house.boss, at=AT)
        assert write(house, files=[("offer.pdf", PDF)]).files == 1

    def test_of_who_sees_no_prices_is_for_everybody(self, house):
        clerk = person(Role.SHIPPING_CLERK, company=house.company)
        write(house, "Two pallets", actor=clerk, audience=Audience.OFFICE)
        assert Note.objects.get().audience == Audience.WAREHOUSE

    def test_is_for_documents_that_the_person_sees(self, house):
        with pytest.raises(NotAllowed):
            write(house, "x", actor=person(Role.PICKER, company=house.company))
        with pytest.raises(NoSuchDocument):
            write(house, "x", actor=person(*Role, company=CompanyFactory()))
        for kind, pk in (("salesorder", house.one.pk + 999), ("salesorder", 2**70), ("nonsense", 1), ("user", 1)):
            with pytest.raises(NoSuchDocument):
                write(house, "x", kind=kind, pk=pk)

    def test_in_a_warehouse_is_for_those_who_work_there(self, house):
        wave = Wave.objects.get(pk=released_wave(house))
        elsewhere = house.warehouse("Far")
        picker, other = (person(Role.PICKER, company=house.company) for _ in range(2))
        WarehouseAccess.objects.create(user=other, warehouse=elsewhere)
        assert write(house, "Wet floor", kind="wave", pk=wave.pk, actor=picker)
        with pytest.raises(NoSuchDocument):
            write(house, "x", kind="wave", pk=wave.pk, actor=other)
        assert signed_in(other).get(f"/documents/wave/{wave.pk}/notes/").status_code == 404


def released_wave(house):
    """Return the wave of an order of the house that was released."""
    return _wave_of(released(house, (house.item, 1)))


def _wave_of(order):
    return Wave.objects.filter(tasks__order=order).values_list("pk", flat=True)[0]


class TestSniffing:
    @pytest.mark.parametrize(
        ("name", "content", "kept_as", "content_type"),
        [
            ("offer.pdf", PDF, "offer.pdf", "application/pdf"),
            ("photo.jpg", PDF, "photo.jpg.pdf", "application/pdf"),
            ("setup.exe", PNG, "setup.exe.png", "image/png"),
            ("run.bat", b"@echo off", "run.bat.txt", "text/plain"),
            ("x.html", b"just words", "x.html.txt", "text/plain"),
            ("a.xlsx", b"PK\x03\x04rest", "a.xlsx", "application/zip"),
            ("a.xlsm", b"PK\x03\x04rest", "a.xlsm.zip", "application/zip"),
            ("evil\u202efdp.exe.pdf", PDF, "evilfdp.exe.pdf", "application/pdf"),
            ("..\\..\\etc/pass\x00wd\r\nX: y", PDF, "passwdX- y.pdf", "application/pdf"),
            ('"><img src=x onerror=alert(1)>.pdf', PDF, "---img src=x onerror=alert(1)-.pdf", "application/pdf"),
            ("...", b"a,b\n1,2\n", "file.txt", "text/plain"),
            ("list.CSV", "größe;1\n".encode("cp1252"), "list.CSV", "text/plain"),
        ],
    )
    def test_goes_by_the_content_and_names_the_file_for_it(self, name, content, kept_as, content_type):
        found = sniffing.sniff(name, io.BytesIO(content))
        assert (found.name, found.content_type) == (kept_as, content_type)

    @pytest.mark.parametrize(
        "content",
        [
            b"MZ\x90\0",
            b"\x7fELF\x02",
            b"#!/bin/sh\nrm -rf /",
            b"<!DOCTYPE html><script>alert(1)</script>",
            b"\xef\xbb\xbf \n<svg onload=alert(1)>",
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            b"\0\1\2\3",
            b"words\0" + b"x" * 9000,
            b"x" * 9000 + b"\0",
        ],
    )
    def test_keeps_no_program_no_page_and_nothing_unknown(self, content):
        with pytest.raises(sniffing.NotKept):
            sniffing.sniff("offer.pdf", io.BytesIO(content))

    def test_cuts_long_names_before_their_ending_and_refuses_what_is_too_large(self, monkeypatch):
        assert sniffing.sniff("x" * 300 + ".pdf", io.BytesIO(PDF)).name == "x" * 196 + ".pdf"
        monkeypatch.setattr(sniffing, "MAX_BYTES", len(PDF))
        sniffing.sniff("a.pdf", io.BytesIO(PDF))
        with pytest.raises(sniffing.NotKept, match="larger than"):
            sniffing.sniff("a.pdf", io.BytesIO(PDF + b"x"))


class TestChanging:
    def test_a_correction_is_its_authors_and_keeps_what_stood_before(self, house):
        written = write(house, "Ships Monday")
        seller = person(Role.SALES_ADMIN, company=house.company)

        def correct(text, actor=house.boss, seen=0, audience=Audience.OFFICE):
            return notes.correct_note(
                note_id=written.note_id, text=text, audience=audience, seen=seen, actor=actor, at=AT
            )

        with pytest.raises(Blocked, match="only they correct it"):
            correct("Ships never", seller)
        correct("Ships Monday")
        assert Note.objects.get().revision == 0, "the same words are no correction"
        correct("Ships Tuesday")
        with pytest.raises(ChangedMeanwhile):
            correct("Ships Friday", seen=0)
        with pytest.raises(NoteRefused, match="Strike it"):
            correct(" ", seen=1)
        assert [event.text for event in Note.objects.get().history.all()] == ["Ships Monday"]
        shown = page(seller, f"/orders/{house.one.pk}/")
        assert "Ships Tuesday" in shown
        assert "Ships Monday" not in shown
        assert "Ships Monday" in page(seller, f"/notes/{written.note_id}/earlier/")
        assert f"/notes/{written.note_id}/strike/" not in shown

    def test_a_struck_note_stays_and_the_first_who_struck_it(self, house):
        written = write(house, "Wrong", actor=person(Role.SALES_ADMIN, company=house.company, name="Ann Marsh"))
        with pytest.raises(Blocked, match="Ann Marsh put this here"):
            notes.strike_note(note_id=written.note_id, actor=person(Role.SALES_ADMIN, company=house.company), at=AT)
        notes.strike_note(note_id=written.note_id, actor=house.boss, at=AT)
        notes.strike_note(note_id=written.note_id, actor=Note.objects.get().author, at=AT + timedelta(days=1))
        note = Note.objects.get()
        assert (note.struck_by, note.struck_at, note.text) == (house.boss, AT, "Wrong")
        assert "<s>Wrong</s>" in page(house.boss, f"/orders/{house.one.pk}/")
        with pytest.raises(Blocked, match="struck"):
            notes.correct_note(
                note_id=note.pk, text="Right", audience=Audience.OFFICE, seen=0, actor=note.author, at=AT
            )

    def test_a_removed_file_leaves_who_when_and_why(self, house):
        write(house, files=[("offer.pdf", PDF)])
        file = NoteFile.objects.get()
        client = signed_in(house.boss)
        assert client.post(f"/notes/files/{file.pk}/remove/", {"why": " "}).status_code == 422
        assert client.post(f"/notes/files/{file.pk}/remove/", {"why": "Old price"}).status_code == 302
        shown = page(house.boss, f"/orders/{house.one.pk}/")
        assert "<s>offer.pdf</s>" in shown
        assert "Old price" in shown
        answer = client.get(f"/notes/files/{file.pk}/")
        assert (answer.status_code, b"%PDF" in answer.content) == (409, False)
        assert SourceFile.objects.filter(pk=file.file_id).exists()
        with pytest.raises(Blocked, match="Old price"):
            notes.remove_file(file_id=file.pk, why="Again", actor=house.boss, at=AT)


class TestSeeing:
    def test_what_is_internal_is_not_shown_to_those_who_see_no_prices(self, house):
        clerk = person(Role.SHIPPING_CLERK, company=house.company)
        inside = write(house, "Agreed at 4711.00", files=[("po.pdf", PDF)])
        write(house, "Call before delivery", audience=Audience.WAREHOUSE, files=[("map.png", PNG)])
        hidden, shown = NoteFile.objects.order_by("pk")
        for url in (f"/orders/{house.one.pk}/", notes_url(house)):
            text = page(clerk, url)
            assert "Call before delivery" in text
            assert "map.png" in text
            assert "4711" not in text
            assert "po.pdf" not in text
        client = signed_in(clerk)
        assert client.get(f"/notes/files/{hidden.pk}/").status_code == 404
        assert client.get(f"/notes/{inside.note_id}/earlier/").status_code == 404
        assert client.post(f"/notes/{inside.note_id}/strike/").status_code == 404
        assert client.get(f"/notes/files/{shown.pk}/").status_code == 200
        picker = signed_in(person(Role.PICKER, company=house.company))
        assert picker.get(f"/notes/files/{shown.pk}/").status_code == 403
        stranger = signed_in(person(*Role, company=CompanyFactory()))
        for pk in (shown.pk, 10**9, 2**62):
            assert stranger.get(f"/notes/files/{pk}/").status_code == 404

    def test_a_file_is_saved_and_never_run(self, house):
        write(house, files=[('"><script>alert(1)</script>.pdf', PDF)])
        file = NoteFile.objects.get()
        answer = signed_in(house.boss).get(f"/notes/files/{file.pk}/")
        assert b"".join(answer.streaming_content) == PDF
        assert answer["Content-Disposition"].startswith("attachment;")
        assert "<" not in answer["Content-Disposition"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Type"] == "application/pdf"
        policy = answer["Content-Security-Policy"]
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        assert "<script>alert" not in page(house.boss, f"/orders/{house.one.pk}/")

    def test_words_are_escaped(self, house):
        write(house, "<img src=x onerror=alert(1)>\nsecond")
        shown = page(house.boss, f"/orders/{house.one.pk}/")
        assert "&lt;img src=x onerror=alert(1)&gt;<br>second" in shown

    def test_the_picker_and_the_packer_read_what_is_said_to_them(self, house):
        order = picked(house, (house.item, 1))
        open_order = released(house, (house.item, 1))
        for pk in (order.pk, open_order.pk):
            write(house, "Call before delivery", audience=Audience.WAREHOUSE, pk=pk)
            write(house, "Margin is 4711", pk=pk)
        write(house, "Glass", audience=Audience.WAREHOUSE, kind="product", pk=house.item.pk)
        struck = write(house, "No longer", audience=Audience.WAREHOUSE, pk=open_order.pk)
        notes.strike_note(note_id=struck.note_id, actor=house.boss, at=AT)
        picker = page(person(Role.PICKER, company=house.company), f"/warehouse/waves/{_wave_of(open_order)}/")
        packer = page(person(Role.SHIPPING_CLERK, company=house.company), f"/warehouse/orders/{order.pk}/pack/")
        for text in (picker, packer):
            assert "Call before delivery" in text
            assert "4711" not in text
        assert "Glass" in picker
        assert "No longer" not in picker

    def test_every_kind_has_its_panel_in_one_statement_however_many_notes(self, house):
        house.warehouse("Far")
        transfer = kept_transfer(house, (house.product([0, 9]), 2))
        urls = {"salesorder": f"/orders/{house.one.pk}/", "transfer": f"/transfers/{transfer.pk}/"}
        urls["product"] = f"/products/{house.item.pk}/"
        urls["customer"] = f"/orders/customers/{house.customer.pk}/"
        keys = {"salesorder": house.one.pk, "transfer": transfer.pk, "product": house.item.pk}
        keys["customer"] = house.customer.pk
        client = signed_in(house.boss)
        for kind, url in urls.items():
            with CaptureQueriesContext(connection) as few:
                client.get(url)
            for n in range(25):
                write(house, f"number {n}.", kind=kind, pk=keys[kind], files=[("a.png", PNG + bytes([n]))])
            with CaptureQueriesContext(connection) as many:
                shown = client.get(url).content.decode()
            assert len(few) == len(many), kind
            assert sum("core_note" in query["sql"] for query in many) == 1, kind
            assert shown.index("number 24.") < shown.index("number 5.")
            assert "number 4." not in shown
            oldest_shown = Note.objects.filter(kind=kind).order_by("-pk")[19].pk
            assert f"?before={oldest_shown}" in shown
            older = client.get(f"/documents/{kind}/{keys[kind]}/notes/?before={oldest_shown}").content.decode()
            assert "number 4." in older
            assert "number 5." not in older

    def test_every_registered_kind_has_a_page_and_a_verb(self):
        kinds = dict(registry.document_kinds.items())
        assert {"salesorder", "invoice", "returnorder", "supplierorder", "transfer", "wave", "count"} <= kinds.keys()
        every = VERBS[Role.ADMINISTRATOR]
        for name, kind in kinds.items():
            subject = registry.subject_pages.get(name)
            assert subject is not None, name
            assert {subject.verb, kind.office} <= every
            assert name == kind.model._meta.model_name
            assert "company" in {field.name for field in kind.model._meta.concrete_fields}


class TestTelling:
    def test_names_in_a_note_are_found_however_they_are_written(self, house):
        ann, bo, bo_two = (
            UserFactory(name=name, email=email)
            for name, email in (
                ("Ann Marsh", "ann.marsh@x.example"),
                ("Bo Reyes", "bo@x.example"),
                ("Bo Lind", "lind@x.example"),
            )
        )
        people = [ann, bo, bo_two]
        assert named_in("@Ann Marsh, see @lind. Thanks", people) == ({ann.pk, bo_two.pk}, [])
        assert named_in("@ann.marsh and @ANN", people) == ({ann.pk}, [])
        assert named_in("@Bo Reyes's list", people)[0] == {bo.pk}
        # Two are called Bo, though one has it before the @ of their address; nobody is called Cy
        assert named_in("@Bo and @Cy Young", people) == (set(), ["Bo", "Cy"])
        assert named_in("mail x@ann.example or a@@b", people) == (set(), [])

    def test_followers_owners_and_who_is_named_are_told_if_they_may_see_it(self, house):
        owner = person(Role.SALES_ADMIN, company=house.company, name="Olive Orr")
        fan = person(Role.SALES_MANAGER, company=house.company, name="Fay Fan")
        picker = person(Role.PICKER, company=house.company, name="Pip Pick")
        clerk = person(Role.SHIPPING_CLERK, company=house.company, name="Cleo Clerk")
        for user in (fan, clerk):
            notes.follow(kind="salesorder", document_id=house.one.pk, actor=user, at=AT)
        notes.assign_owner(kind="salesorder", document_ids=[house.one.pk], owner_id=owner.pk, actor=house.boss, at=AT)
        assert told(owner) == ["OWNER"]
        written = write(house, "@Fay look, and @Pip; @Nobody too")
        assert told(fan) == ["MENTION"]
        assert told(owner) == ["OWNER", "NOTE"]
        assert told(picker) == told(clerk) == told(house.boss) == []
        assert written.warnings == (
            "Nobody, or more than one, is called @Nobody: write the whole name.",
            "Pip Pick may not see this note, and was not told.",
        )
        notes.correct_note(
            note_id=written.note_id,
            text="@Fay look, @Olive too",
            audience=Audience.WAREHOUSE,
            seen=0,
            actor=house.boss,
            at=AT,
        )
        assert (told(fan), told(owner)[-1]) == (["MENTION"], "MENTION")
        notes.unfollow(kind="salesorder", document_id=house.one.pk, actor=clerk)
        write(house, "For all", audience=Audience.WAREHOUSE)
        assert told(clerk) == []
        # Who leaves the company is told nothing more
        fan.memberships.update(roles=[])
        write(house, "Later")
        assert told(fan) == ["MENTION", "NOTE"]

    def test_followers_are_told_what_happens_to_the_order_but_not_of_what_they_did(self, house):
        fan = person(Role.SALES_ADMIN, company=house.company)
        notes.follow(kind="salesorder", document_id=house.one.pk, actor=fan, at=AT)
        notes.follow(kind="salesorder", document_id=house.one.pk, actor=house.boss, at=AT)
        other = house.order((house.item, 1))
        terms = orders_services.HoldTerms(Hold.Kind.OTHER, keep_reservation=True, reason="")
        for order in (house.one, other):
            orders_services.hold_orders(order_ids=[order.pk], terms=terms, actor=house.boss, at=AT)
        orders_services.cancel_orders(order_ids=[house.one.pk], reason=CancelReason.LATE, actor=house.boss, at=AT)
        assert told(fan)[0] == "HELD"
        assert told(fan)[-1] == "CANCELLED"
        assert told(house.boss) == []
        first = Notice.objects.filter(user=fan).order_by("pk").first()
        assert (first.label, first.actor, first.at, first.document_id) == (
            house.one.number,
            house.boss,
            AT,
            house.one.pk,
        )
        assert set(TOLD) <= set(OrderEvent.Kind.values) & set(Notice.What.values)

    def test_followers_are_told_once_that_an_order_is_late(self, house):
        fan = person(Role.SALES_ADMIN, company=house.company)
        notes.follow(kind="salesorder", document_id=house.one.pk, actor=fan, at=AT)
        orders_services.tell_of_late_orders(at=AT)
        assert told(fan) == []
        SalesOrder.objects.filter(pk=house.one.pk).update(requested_on=AT.date() - timedelta(days=1))
        assert [orders_services.tell_of_late_orders(at=AT) for _ in range(2)] == [1, 0]
        assert told(fan) == ["LATE"]


class TestInbox:
    def test_is_ones_own_is_counted_and_put_away(self, house):
        fan = person(Role.SALES_ADMIN, company=house.company, name="Fay Fan")
        other = person(Role.SALES_ADMIN, company=house.company)
        write(house, "@Fay Fan please call them")
        notice = Notice.objects.get()
        cache.clear()
        assert signed_in(fan).get("/work/").json()["core:inbox"] == "1"
        cache.clear()
        assert "core:inbox" not in signed_in(other).get("/work/").json()
        assert "please call them" in page(fan, "/inbox/")
        assert "please call them" not in page(other, "/inbox/?tab=all")
        assert signed_in(other).post("/inbox/put-away/", {"id": notice.pk}).status_code == 404
        assert signed_in(fan).post("/inbox/put-away/", {"id": notice.pk}).status_code == 302
        assert "please call them" not in page(fan, "/inbox/")
        assert "please call them" in page(fan, "/inbox/?tab=done")
        assert notes.finish_notices(notice_ids=[notice.pk], actor=fan, at=AT) == {notice.pk: None}
        assert Notice.objects.get().done_at != AT, "what was put away stays so"

    def test_shows_no_words_that_the_person_may_no_longer_see(self, house):
        fan = person(Role.SALES_ADMIN, company=house.company, name="Fay Fan")
        written = write(house, "@Fay Fan margin 4711")
        member = fan.memberships.get()
        for roles in ([Role.SHIPPING_CLERK], [Role.PICKER]):
            member.roles = roles
            member.save()
            for query in ("", "?format=csv", "?q=4711"):
                answer = signed_in(fan).get(f"/inbox/{query}")
                body = answer.getvalue() if answer.streaming else answer.content
                assert b"margin" not in body
        member.roles = [Role.SALES_ADMIN]
        member.save()
        notes.strike_note(note_id=written.note_id, actor=house.boss, at=AT)
        assert "margin" not in page(fan, "/inbox/")


class TestOwner:
    def test_of_an_order_is_who_keyed_it_until_it_is_given_to_somebody(self, house):
        ann = person(Role.SALES_ADMIN, company=house.company, name="Ann Marsh")
        boss, two = signed_in(house.boss), house.order((house.item, 1))
        mine = "/orders/?tab=all&owner=me"
        assert house.one.number in page(house.boss, mine)
        assert house.one.number not in page(ann, mine)
        answer = boss.post("/orders/owner/", {"id": [house.one.pk, two.pk], "owner": ann.pk, "next": "/orders/"})
        assert answer.status_code == 302
        for order in (house.one, two):
            assert order.number in page(ann, mine)
            assert order.number not in page(house.boss, mine)
        assert told(ann) == ["OWNER", "OWNER"]
        # Given again to the same person nobody is told again; given to nobody it is nobody's, not the keyer's again
        boss.post("/orders/owner/", {"id": [two.pk], "owner": ann.pk})
        assert told(ann) == ["OWNER", "OWNER"]
        assert boss.post(f"/documents/salesorder/{two.pk}/owner/", {"owner": ""}).status_code == 302
        assert two.number not in page(ann, mine)
        assert two.number not in page(house.boss, mine)
        assert "Nobody looks after it" in page(ann, f"/orders/{two.pk}/")
        assert DocumentOwner.objects.get(document_id=two.pk).assigned_by == house.boss

    def test_is_somebody_of_the_house_who_may_open_it(self, house):
        picker = person(Role.PICKER, company=house.company, name="Pip Pick")
        stranger = person(Role.SALES_ADMIN, company=CompanyFactory())
        give = {"kind": "salesorder", "document_ids": [house.one.pk], "actor": house.boss, "at": AT}
        assert "may not open" in str(notes.assign_owner(owner_id=picker.pk, **give)[house.one.pk])
        with pytest.raises(Blocked, match="does not work here"):
            notes.assign_owner(owner_id=stranger.pk, **give)
        with pytest.raises(NotAllowed):
            notes.assign_owner(owner_id=house.boss.pk, **{**give, "actor": picker})
        assert not DocumentOwner.objects.exists()
        assert not Follower.objects.exists()
        form = page(house.boss, f"/documents/salesorder/{house.one.pk}/owner/")
        assert "Pip Pick" not in form
        assert house.boss.name in form


class TestPanel:
    def test_takes_notes_and_files_once_and_keeps_what_was_typed_where_it_refuses(self, house):
        client = signed_in(house.boss)
        htmx = {"HX-Request": "true"}

        def form(**fields):
            return {"text": "Hello", "audience": "WAREHOUSE", "idempotency_key": "k1", **fields}

        for _ in range(2):
            file = SimpleUploadedFile("photo.png", PNG)
            answer = client.post(notes_url(house), form(files=file), headers=htmx)
            assert answer.status_code == 200, answer.content
        assert (Note.objects.count(), NoteFile.objects.count()) == (1, 1)
        assert b'id="notes"' in answer.content
        bad = SimpleUploadedFile("a.pdf", b"MZ")
        refused = client.post(notes_url(house), form(files=bad, idempotency_key="k2"), headers=htmx)
        assert (refused.status_code, refused["HX-Retarget"]) == (409, "#notes-refusal")
        assert b"a.pdf is a program" in refused.content
        assert Note.objects.count() == 1
        plain = client.post(notes_url(house), form(idempotency_key="k3"))
        assert plain["Location"] == f"/orders/{house.one.pk}/#notes"
        expired = type(client)().post(notes_url(house), form(), headers=htmx)
        assert (expired.status_code, expired["HX-Trigger"]) == (401, "sessionExpired")

    def test_follows_and_leaves_off(self, house):
        client = signed_in(house.boss)
        url = f"/documents/salesorder/{house.one.pk}/follow/"
        client.post(url, {"follow": "yes"})
        client.post(url, {"follow": "yes"})
        assert Follower.objects.filter(user=house.boss).count() == 1
        assert 'aria-pressed="true"' in page(house.boss, f"/orders/{house.one.pk}/").split('id="notes-follow"')[1][:60]
        client.post(url, {"follow": "no"})
        assert not Follower.objects.exists()
