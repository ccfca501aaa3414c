"""Views of queues that people keep. They are the kernel's, because every app's queue shows them and imports go down."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.http import QueryDict

from core.locking import LockingQuerySet
from core.models.house import Company, User
from core.roles import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

# What stands in a queue's address beside what is looked at
NOT_KEPT = ("after", "before", "format", "view")
EVERYBODY = "EVERYBODY"
LONGEST_QUERY = 1000


class SavedViewQuerySet(LockingQuerySet):
    """Views that people keep."""

    def for_user(self, user: User) -> Self:
        """Return the views that a person keeps in the company they work for, and those that are shared with them."""
        shared = Q(shared_with__in=[EVERYBODY, *user.roles])
        return self.filter(Q(owner=user, shared_with="") | shared, company_id__in=user.company_ids)


class SavedView(models.Model):
    """What somebody looks at again and again in a queue: its filters, tab and order, under a name.

    It is its owner's, or shared with a team; only the owner changes it. The default one is what the queue opens with:
    the owner's for them, a team's for those who have none of their own.
    """

    AUDIENCES: ClassVar[Sequence[tuple[str, str]]] = [("", "Only me"), *Role.choices, (EVERYBODY, "Everybody")]

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    queue = models.CharField(max_length=60, editable=False)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True, editable=False)
    name = models.CharField(max_length=40)
    # Nobody else, a role, or everybody: said by the form, so that a new role is no change of the table
    shared_with = models.CharField("for", max_length=30, blank=True, default="")
    is_default = models.BooleanField("the queue opens with it", default=False)
    kept_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["name", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                *("company", "owner", "queue", Lower("name")),
                condition=Q(shared_with=""),
                name="savedview_name_once_per_owner",
            ),
            models.UniqueConstraint(
                *("company", "shared_with", "queue", Lower("name")),
                condition=~Q(shared_with=""),
                name="savedview_name_once_per_team",
            ),
            models.UniqueConstraint(
                fields=["company", "owner", "queue"],
                condition=Q(shared_with="", is_default=True),
                name="savedview_one_default_per_owner",
            ),
            models.UniqueConstraint(
                fields=["company", "shared_with", "queue"],
                condition=Q(is_default=True) & ~Q(shared_with=""),
                name="savedview_one_default_per_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audience(self) -> str:
        """Whom it is for, in words."""
        return dict(self.AUDIENCES).get(self.shared_with, self.shared_with)

    @staticmethod
    def kept(parameters: QueryDict) -> str:
        """Return what of a queue's address a view keeps, always written alike."""
        kept = parameters.copy()
        for name in [name for name in kept if name in NOT_KEPT or kept.get(name) == ""]:
            del kept[name]
        return kept.urlencode()

    def url(self, path: str) -> str:
        """Return the address at which a queue shows this view."""
        return f"{path}?view={self.pk}{'&' if self.query else ''}{self.query}"
