"""Writing notes, correcting and striking them, and putting files to documents and taking them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from core.filing import keep_file, size_and_digest
from core.models import Audience, Note, NoteFile, User
from core.models.notes import MAX_TEXT
from core.notes.documents import Document, NoSuchDocument, audiences_for, document
from core.notes.following import follow
from core.notes.sniffing import NotKept, Sniffed, sniff
from core.notes.telling import tell_of_note
from core.refusals import Blocked, ChangedMeanwhile, Refused
from core.roles import require
from core.transactions import atomic

VERB = "core.note"
# Who may strike what others wrote, and remove their files
OVERSEES = "core.oversee"
MAX_FILES = 10


class NoteRefused(Refused):
    """There is nothing to write, or too much of it, or a file is none that is kept."""

    code = "note_refused"


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as somebody sends it."""

    name: str
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class Written:
    """A note that was written: how many files it has, and what its author should know."""

    note_id: int
    files: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _New:
    sent: Sent
    sniffed: Sniffed
    sha256: str


@atomic
def write_note(
    *,
    kind: str,
    document_id: int,
    text: str,
    audience: str = Audience.OFFICE,
    files: Sequence[Sent] = (),
    actor: User,
    at: datetime,
) -> Written:
    """Put words and files to a document, tell who follows it or is named, and let the author follow it from now on.

    Who sees no prices writes for the warehouse. A file that stands there already is not kept a second time.

    :raises NotAllowed: where the actor may see no such documents, or write no notes.
    :raises NoSuchDocument: where the document is not there for them.
    :raises NoteRefused: where nothing is left to keep, the text is too long, or a file is none that is kept.
    """
    require(actor, VERB)
    on = document(kind, document_id, actor)
    audience = _allowed(on, audience, actor)
    text = _checked(text)
    if len(files) > MAX_FILES:
        raise NoteRefused(f"At most {MAX_FILES} files at once. Send the rest with the next note.")
    new, known = _new_files(on, audience, files)
    if not text and not new:
        raise NoteRefused(" ".join(known) or "Write something, or choose a file.")
    note = Note.objects.create(
        company_id=on.row.company_id,
        kind=kind,
        document_id=document_id,
        audience=audience,
        text=text,
        author=actor,
        written_at=at,
    )
    for each in new:
        kept = keep_file(name=each.sniffed.name, content=each.sent.content, actor=actor, at=at)
        NoteFile.objects.create(note=note, file=kept, content_type=each.sniffed.content_type)
    said = tell_of_note(document=on, note=note, is_new=True, actor=actor, at=at)
    follow(kind=kind, document_id=document_id, actor=actor, at=at)
    return Written(note.pk, len(new), (*known, *said))


def _allowed(on: Document, audience: str, actor: User) -> str:
    """Return whom a note is for: who sees nothing else writes for the warehouse."""
    allowed = audiences_for(on.of_kind, actor)
    return audience if audience in allowed else allowed[0]


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MAX_TEXT:
        raise NoteRefused(
            f"A note has at most {MAX_TEXT:,} characters, and this has {len(text):,}. Put it into a file."
        )
    if "\x00" in text:
        raise NoteRefused("The note holds a character that no text has. Type it anew.")
    return text


def _new_files(on: Document, audience: str, files: Sequence[Sent]) -> tuple[list[_New], list[str]]:
    """Return the files that are not there yet, and sentences about those that are.

    :raises NoteRefused: where one of them is none that is kept.
    """
    looked = []
    for sent in files:
        try:
            sniffed = sniff(sent.name, sent.content)
        except NotKept as error:
            raise NoteRefused(f"{sent.name[:120]} {error}") from error
        looked.append(_New(sent, sniffed, size_and_digest(sent.content)[1]))
    there = NoteFile.objects.filter(
        note__company=on.row.company_id,
        note__kind=on.kind,
        note__document_id=on.pk,
        note__audience=audience,
        removed_at=None,
        file__sha256__in=[each.sha256 for each in looked],
    ).select_related("file", "note__author")
    standing = {
        each.file.sha256: f"{each.file.name}, which {each.note.author} put here" for each in (there if looked else ())
    }
    new, known = [], []
    for each in looked:
        if each.sha256 in standing:
            known.append(f"{each.sniffed.name} was not kept again: it is the same as {standing[each.sha256]}.")
        else:
            standing[each.sha256] = f"{each.sniffed.name} beside it"
            new.append(each)
    return new, known


def note_for(note_id: int, actor: User) -> tuple[Note, Document]:
    """Return a note with its document, where a person may see both.

    :raises NoSuchDocument: where there is none for them.
    :raises NotAllowed: where they may see no such documents.
    """
    note = Note.objects.for_user(actor).filter(pk=note_id).select_related("author", "struck_by").first()
    return _with_document(note, actor)


def _with_document(note: Note | None, actor: User) -> tuple[Note, Document]:
    if note is None:
        raise NoSuchDocument("note")
    on = document(note.kind, note.document_id, actor)
    if note.audience not in audiences_for(on.of_kind, actor):
        raise NoSuchDocument("note")
    return note, on


def file_for(file_id: int, actor: User) -> tuple[NoteFile, Document]:
    """Return a file of a note with its document, where a person may see both.

    :raises NoSuchDocument: where there is none for them.
    :raises NotAllowed: where they may see no such documents.
    """
    file = NoteFile.objects.filter(pk=file_id).select_related("note__author", "file", "removed_by").first()
    if file is None or file.note.company_id not in actor.company_ids:
        raise NoSuchDocument("file")
    return file, _with_document(file.note, actor)[1]


@atomic
def correct_note(*, note_id: int, text: str, audience: str, seen: int, actor: User, at: datetime) -> Written:
    """Write other words for those of a note, and tell who is named in them now; what stood before is kept.

    `seen` is the revision that the author had before their eyes.

    :raises NoSuchDocument: where there is no such note for them.
    :raises Blocked: where another person wrote it, or it is struck.
    :raises ChangedMeanwhile: where it was corrected since.
    :raises NoteRefused: where nothing would be left of it, or too much.
    """
    require(actor, VERB)
    note, on = _locked(note_id, actor)
    if note.author_id != actor.pk:
        raise Blocked(f"{note.author} wrote this note: only they correct it. Write one of your own.")
    if note.struck_at is not None:
        raise Blocked("This note is struck. Write a new one.")
    if note.revision != seen:
        raise ChangedMeanwhile("You corrected this note elsewhere since you opened it here. Reload the page first.")
    text, audience = _checked(text), _allowed(on, audience, actor)
    if not text and not note.files.filter(removed_at=None).exists():
        raise NoteRefused("Nothing would be left of the note. Strike it instead.")
    if (text, audience) == (note.text, note.audience):
        return Written(note.pk, 0)
    note.text, note.audience, note.corrected_at, note.revision = text, audience, at, note.revision + 1
    note.save(update_fields=["text", "audience", "corrected_at", "revision"])
    return Written(note.pk, 0, tuple(tell_of_note(document=on, note=note, is_new=False, actor=actor, at=at)))


@atomic
def strike_note(*, note_id: int, actor: User, at: datetime) -> Document:
    """Cross a note out: it stays to be read. One that is struck stays as it was struck.

    :raises NoSuchDocument: where there is no such note for them.
    :raises Blocked: where another person wrote it, and the actor does not oversee the work.
    """
    require(actor, VERB)
    note, on = _locked(note_id, actor)
    _check_theirs(note, actor)
    if note.struck_at is None:
        note.struck_by, note.struck_at = actor, at
        note.save(update_fields=["struck_by", "struck_at"])
    return on


@atomic
def remove_file(*, file_id: int, why: str, actor: User, at: datetime) -> Document:
    """Take a file away from its document: its name stays there, with who removed it, when and why.

    :raises NoSuchDocument: where there is no such file for them.
    :raises Blocked: where another person put it there, and the actor does not oversee the work, or it was removed.
    :raises NoteRefused: where no reason is given.
    """
    require(actor, VERB)
    file, _on = file_for(file_id, actor)
    note, on = _locked(file.note_id, actor)
    # Read anew under the lock of its note
    file = NoteFile.objects.select_related("removed_by").get(pk=file_id)
    _check_theirs(note, actor)
    if file.removed_at is not None:
        raise Blocked(f"{file.removed_by} has removed it already: {file.removed_why}")
    why = " ".join(why.split())[:200]
    if not why:
        raise NoteRefused("Say why the file is removed.")
    file.removed_by, file.removed_at, file.removed_why = actor, at, why
    file.save(update_fields=["removed_by", "removed_at", "removed_why"])
    return on


def _locked(note_id: int, actor: User) -> tuple[Note, Document]:
    found = list(Note.objects.for_user(actor).filter(pk=note_id).select_related("author").locked())
    return _with_document(next(iter(found), None), actor)


def _check_theirs(note: Note, actor: User) -> None:
    if note.author_id != actor.pk and not actor.can(OVERSEES):
        raise Blocked(f"{note.author} put this here. They can take it back, or somebody who oversees the work.")


def is_theirs(author_id: int, actor: User) -> bool:
    """Say whether a person may strike what an author wrote, and remove their files."""
    return author_id == actor.pk or actor.can(OVERSEES)
