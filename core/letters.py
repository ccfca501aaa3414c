"""What Orderly writes to partners, by kind of message and language: the company's own words, or the original ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from babel import Locale

from core.models import Company, MessageTemplate, User
from core.refusals import Blocked, ChangedMeanwhile
from core.registry import Registry
from core.roles import require
from core.transactions import atomic

SETS_UP = "core.set_up"
# In which partners can be written to; the originals are English
ENGLISH = "en"
LANGUAGES = ("en", "cs", "da", "de", "es", "fi", "fr", "it", "nb", "nl", "pl", "pt", "sv")
_PLACE = re.compile(r"\{([^{}]*)\}")
_LONE_BRACE = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Wording:
    """What a message says: facts of its document go where their names stand in braces."""

    subject: str
    text: str

    @property
    def digest(self) -> str:
        """By which a form knows whether the words are still as they were shown."""
        return hashlib.sha256(f"{self.subject}\x1f{self.text}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Sample:
    """A document of the company to show a message with: what it is called, and its facts by place."""

    label: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message: its words, the facts that may stand in it with what each is, and what it says originally.

    `sample` returns the newest document that a person may see of those that are sent with it.
    """

    label: str
    about: str
    places: Mapping[str, str]
    original: Wording
    sample: Callable[[User], Sample | None]


message_kinds: Registry[MessageKind] = Registry()


def language_name(code: str) -> str:
    """Return the English name of a language."""
    return str(Locale.parse(code, sep="-" if "-" in code else "_").get_display_name("en"))


def fault_in(text: str, kind: MessageKind) -> str:
    """Return what is wrong with the places of a text, in words; nothing where all of them are known."""
    unknown = [name for name in dict.fromkeys(_PLACE.findall(text)) if name not in kind.places]
    known = ", ".join(f"{{{name}}}" for name in kind.places)
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        return f"{names} is no place that this message has. It has {known}."
    if _LONE_BRACE.search(_PLACE.sub("", text)):
        return f"A brace stands alone: write a place as one of {known}."
    return ""


def filled(wording: Wording, facts: Mapping[str, str]) -> Wording:
    """Return a message with facts at their places; the subject is one line."""

    def fill(text: str) -> str:
        return _PLACE.sub(lambda found: facts.get(found[1], found[0]), text)

    return Wording(" ".join(fill(wording.subject).split()), fill(wording.text))


def wording_for(*, company_id: int, kind: str, language: str) -> Wording:
    """Return what a company writes in a language: its words for it, else its English ones, else the original."""
    own = {
        template.language: template
        for template in MessageTemplate.objects.filter(company=company_id, kind=kind, language__in=[language, ENGLISH])
    }
    template = own.get(language) or own.get(ENGLISH)
    return Wording(template.subject, template.text) if template else kind_named(kind).original


def own_languages(user: User) -> set[tuple[str, str]]:
    """Return for which kinds and languages a person's company has words of its own."""
    return set(MessageTemplate.objects.for_user(user).values_list("kind", "language"))


def kind_named(name: str) -> MessageKind:
    """Return a kind of message.

    :raises KeyError: where there is none of that name.
    """
    kind = message_kinds.get(name)
    if kind is None:
        raise KeyError(name)
    return kind


@atomic
def keep_wording(*, kind: str, language: str, wording: Wording, seen: str, actor: User) -> MessageTemplate:
    """Write to partners in a language in these words from now on; `seen` is the digest of those that stood before.

    :raises NotAllowed: where the actor may not set up the company.
    :raises ChangedMeanwhile: where somebody else changed them since.
    :raises Blocked: where a place in them is none.
    """
    _locked(kind, language, seen, actor)
    for text in (wording.subject, wording.text):
        fault = fault_in(text, kind_named(kind))
        if fault:
            raise Blocked(fault)
    template, _made = MessageTemplate.objects.update_or_create(
        company=actor.company,
        kind=kind,
        language=language,
        defaults={"subject": wording.subject, "text": wording.text},
    )
    return template


@atomic
def restore_wording(*, kind: str, language: str, actor: User) -> None:
    """Write to partners in a language as Orderly came, or as the company's English words say.

    Sent again it changes nothing.

    :raises NotAllowed: where the actor may not set up the company.
    """
    require(actor, SETS_UP)
    MessageTemplate.objects.for_user(actor).filter(kind=kind, language=language).delete()


def _locked(kind: str, language: str, seen: str, actor: User) -> None:
    require(actor, SETS_UP)
    # The row may not be there yet
    list(Company.objects.filter(pk=actor.company.pk).locked())
    if wording_for(company_id=actor.company.pk, kind=kind, language=language).digest != seen:
        raise ChangedMeanwhile(
            "Somebody changed this message since you opened it. Look at their words first: open it in another window."
        )
