"""Telling people: who is named in a note, who follows a document, and who of them may see it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from core.models import DocumentOwner, Follower, Note, Notice, User
from core.notes.documents import Document, audiences_for, colleagues
from core.roles import require
from core.transactions import atomic

# As many words as the longest name has
WORDS = 4
_NAMED = re.compile(r"(?<![\w@.])@([\w'’-]+(?:[ .]?[\w'’-]+)*)")


def named_in(text: str, people: Sequence[User]) -> tuple[set[int], list[str]]:
    """Return whom a text names, as "@Ann Marsh" or, where that is one person, "@Ann" or "@ann.marsh".

    And the words behind an @ that name nobody, as they were written.
    """
    known = _known_as(people)
    found: set[int] = set()
    unknown = []
    for match in _NAMED.finditer(text):
        words = match[1].split(" ")[:WORDS]
        tries = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        who = next((known[said] for said in map(_bare, tries) if said in known), None)
        if who is None:
            unknown.append(words[0])
        else:
            found.add(who)
    return found, unknown


def _bare(said: str) -> str:
    """Return a name without what a sentence puts behind it."""
    return said.casefold().rstrip(".'’-").removesuffix("'s").removesuffix("’s")


def _known_as(people: Sequence[User]) -> dict[str, int]:
    """Return by name, by first name and by what stands before the @ of their address who that is, where it is one."""
    called: dict[str, set[int]] = {}
    for user in people:
        for name in {user.name, user.name.split(" ")[0], user.email.split("@")[0]}:
            called.setdefault(name.casefold(), set()).add(user.pk)
    return {name: next(iter(who)) for name, who in called.items() if len(who) == 1}


def may_see(document: Document, audience: str, people: Iterable[User]) -> list[User]:
    """Return those of some people who may open a document and see what is for an audience."""
    return [user for user in people if audience in audiences_for(document.of_kind, user) and open_to(user, [document])]


def open_to(user: User, documents: Sequence[Document]) -> set[int]:
    """Return the keys of those of some documents of one kind that a person may open."""
    first = documents[0]
    if not user.can(first.page.verb):
        return set()
    rows = first.of_kind.model.objects.for_user(user).filter(pk__in=[document.pk for document in documents])
    return set(rows.values_list("pk", flat=True))


def followers_of(document: Document) -> set[int]:
    """Return who follows a document, and who looks after it."""
    at = {"company": document.row.company_id, "kind": document.kind, "document_id": document.pk}
    following = set(Follower.objects.filter(**at).values_list("user", flat=True))
    owner = owners([document])[document.pk]
    return following | ({owner} if owner else set())


def owners(documents: Sequence[Document]) -> Mapping[int, int | None]:
    """Return by the keys of documents of one kind who looks after each."""
    if not documents:
        return {}
    first, keys = documents[0], [document.pk for document in documents]
    chosen = dict(
        DocumentOwner.objects.filter(company=first.row.company_id, kind=first.kind, document_id__in=keys).values_list(
            "document_id", "owner"
        )
    )
    rest = [key for key in keys if key not in chosen]
    path = first.of_kind.owner
    keyed = dict(first.of_kind.model.objects.filter(pk__in=rest).values_list("pk", path)) if path and rest else {}
    return {key: chosen[key] if key in chosen else keyed.get(key) for key in keys}


def tell(
    *, document: Document, what: Notice.What, user_ids: Collection[int], note: Note | None, actor: User, at: datetime
) -> None:
    """Put a notice into people's inboxes, but for the one who did it."""
    Notice.objects.bulk_create(
        Notice(
            company_id=document.row.company_id,
            user_id=user_id,
            kind=document.kind,
            document_id=document.pk,
            label=document.label[:80],
            what=what,
            note=note,
            actor=actor,
            at=at,
        )
        for user_id in sorted(set(user_ids) - {actor.pk})
    )


def tell_of_note(*, document: Document, note: Note, is_new: bool, actor: User, at: datetime) -> list[str]:
    """Tell those who are named in a note, and of a new one those who follow; return sentences for whoever wrote it.

    They say who was named and is nobody here, or may not see the note.
    """
    people = colleagues(document.row.company_id) if "@" in note.text else []
    named, unknown = named_in(note.text, people)
    told = set(Notice.objects.filter(note=note, what=Notice.What.MENTION).values_list("user", flat=True))
    named -= told
    others = followers_of(document) - named - {actor.pk} if is_new else set()
    by_key = {user.pk: user for user in people}
    if missing := others - by_key.keys():
        by_key |= {user.pk: user for user in colleagues(document.row.company_id, missing)}
    may = {user.pk for user in may_see(document, note.audience, [by_key[pk] for pk in named | others if pk in by_key])}
    tell(document=document, what=Notice.What.MENTION, user_ids=named & may, note=note, actor=actor, at=at)
    tell(document=document, what=Notice.What.NOTE, user_ids=others & may, note=note, actor=actor, at=at)
    blind = sorted(by_key[pk].name for pk in named - may)
    said = [f"Nobody, or more than one, is called @{word}: write the whole name." for word in unknown]
    return said + [f"{name} may not see this note, and was not told." for name in blind]


@atomic
def finish_notices(*, notice_ids: Collection[int], actor: User, at: datetime) -> dict[int, None]:
    """Put notices of the person's own away; those that are put away stay so.

    :raises NotAllowed: where they have no inbox.
    """
    require(actor, "core.keep_views")
    rows = list(Notice.objects.for_user(actor).filter(pk__in=notice_ids).locked())
    Notice.objects.filter(pk__in=[row.pk for row in rows if row.done_at is None]).update(done_at=at)
    return {row.pk: None for row in rows}
