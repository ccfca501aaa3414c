"""What Orderly says when it will not do a thing: a code for machines, a sentence for people, a link to the cause."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a verb is off for one document: stable code, sentence for people, link to the cause.

    Where the sentence names money, `label` says it without: in a row, and to those who may not see prices.
    """

    code: str
    sentence: str
    link: str = ""
    label: str = ""


class Refused(Exception):
    """A verb was not carried out; nothing was changed. Subclasses are named for the fact."""

    code = "refused"

    def __init__(self, sentence: str, *, link: str = "", blockers: tuple[Blocker, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.link = link
        self.blockers = blockers or (Blocker(self.code, sentence, link),)

    @classmethod
    def because(cls, blockers: list[Blocker] | tuple[Blocker, ...]) -> Refused:
        """Return the refusal that names all blockers of one document."""
        return cls(" ".join(blocker.sentence for blocker in blockers), link=blockers[0].link, blockers=tuple(blockers))


class Blocked(Refused):
    """The document's state does not allow the verb."""

    code = "blocked"


class NotAllowed(Refused):
    """The person's roles do not include the verb."""

    code = "not_allowed"


class Busy(Refused):
    """Somebody else holds the rows; nothing was changed and the same call may succeed at once."""

    code = "busy"


class ChangedMeanwhile(Refused):
    """The document left the state that the verb starts from while the verb was on its way."""

    code = "changed_meanwhile"
