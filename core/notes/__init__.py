"""Notes, files, owners and followers on every document that an app names in `registry.document_kinds` (V5)."""

from core.notes.documents import Document, NoSuchDocument, colleagues, document, kind_named, seen_by
from core.notes.following import assign_owner, follow, unfollow
from core.notes.reading import Desk, desk_of, earlier_of, for_warehouse, is_owned_by, owner_of
from core.notes.telling import finish_notices, open_to
from core.notes.writing import (
    Sent,
    Written,
    correct_note,
    file_for,
    note_for,
    remove_file,
    strike_note,
    write_note,
)

__all__ = [
    "Desk",
    "Document",
    "NoSuchDocument",
    "Sent",
    "Written",
    "assign_owner",
    "colleagues",
    "correct_note",
    "desk_of",
    "document",
    "earlier_of",
    "file_for",
    "finish_notices",
    "follow",
    "for_warehouse",
    "is_owned_by",
    "kind_named",
    "note_for",
    "open_to",
    "owner_of",
    "remove_file",
    "seen_by",
    "strike_note",
    "unfollow",
    "write_note",
]
