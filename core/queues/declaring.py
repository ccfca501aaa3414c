"""What a queue says of itself: its tabs, and the verbs for its rows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Tab:
    """A state of a queue's rows with a name of its own: its slug in the address, its word, and the rows it holds.

    An archive holds what is over, millions of rows: the newest come first, and it is sorted by nothing that no index of
    all rows has.
    """

    slug: str
    label: str
    condition: Q
    is_archive: bool = False


# Search, next row, row before, select, and the first key of "go to"
_KEYS_OF_QUEUES = frozenset("fjkxg")


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A verb offered for selected rows; the browser adds how many to its label: "Release" reads "Release 12 orders".

    Where they do not stand behind it, `phrase` says where: "Mark {} sent". A key of the queue itself is refused.
    `confirm` is the question that is asked once before it. Where the view's form has to be filled in first, `opens`:
    the button opens the page that asks for it, with the rows.
    """

    url_name: str
    verb: str
    label: str
    key: str = ""
    confirm: str = ""
    opens: bool = False
    phrase: str = ""

    def __post_init__(self) -> None:
        """Refuse a key that would never be heard, or would take one away from the rows."""
        if self.key in _KEYS_OF_QUEUES:
            raise ValueError(f"{self.label}: {self.key} is a key of every queue.")
        if not self.phrase:
            object.__setattr__(self, "phrase", f"{self.label} {{}}")

    @property
    def for_selected(self) -> str:
        """What it reads before the browser knows how many."""
        return self.phrase.format("selected")
