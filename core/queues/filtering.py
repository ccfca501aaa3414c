"""What a queue can be narrowed to: words that are found by indexes, and whatever an app adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import django_filters
from django.db.models import Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP

from core.seeking import Sought

# Rows of another table in which a word is found are named one by one up to so many, so that an index finds those they
# belong to; what more than that have is found soon enough by going through the rows
MOST_NAMED = 2_000


class QueueFilter(django_filters.FilterSet):
    """The filters of a queue: a search box, and whatever an app adds.

    A word is found anywhere in one of `search_fields`. Numbers of documents are no such fields where there may be
    millions of them: a word is the beginning of one of `search_numbers`, which are in capitals, or of one of
    `search_references`, other people's numbers without case and dashes, before which they may write PO; an index finds
    those. Of many filters `inline` names those that stand beside the search box; the others are a press away.
    """

    inline: ClassVar[tuple[str, ...] | None] = None
    search_fields: ClassVar[tuple[str, ...]] = ()
    search_numbers: ClassVar[tuple[str, ...]] = ()
    search_references: ClassVar[tuple[str, ...]] = ()
    search_label: ClassVar[str] = "Search"
    q = django_filters.CharFilter(method="search", label="Search")

    def search(self, queryset: QuerySet[Any], _name: str, text: str) -> QuerySet[Any]:
        """Return the rows in which every word is found in one of the fields, or that have the whole as a reference."""
        found = Q()
        for word in text.split():
            found &= self._found(queryset.model, word)
        if " " in text.strip():
            found |= self._begins(queryset.model, Sought.read(text), (), self.search_references)
        return queryset.filter(found)

    def _found(self, model: type[Model], word: str) -> Q:
        """Return the condition that a word is found in a row."""
        found = self._begins(model, Sought.read(word), self.search_numbers, self.search_references)
        beside: dict[str, Q] = {}
        for path in self.search_fields:
            relation, field = _relation(model, path)
            if relation and (self.search_numbers or self.search_references):
                beside[relation] = beside.get(relation, Q()) | _contains(_related(model, relation), field, word)
            else:
                found |= Q(**{f"{path}__icontains": word})
        for relation, condition in beside.items():
            found |= _named(model, relation, condition)
        return found

    def _begins(self, model: type[Model], sought: Sought, numbers: tuple[str, ...], references: tuple[str, ...]) -> Q:
        found = Q()
        ways: list[tuple[str, Callable[[str], Q]]] = [(path, sought.begins) for path in numbers]
        if sought.reference:
            ways += [(path, sought.refers) for path in references]
        for path, begins in ways:
            relation, separator, column = path.partition(LOOKUP_SEP)
            # Indexes of numbers that not every row has leave out the empty ones
            found |= _named(model, relation, begins(column)) if separator else begins(path) & ~Q(**{path: ""})
        return found


def _relation(model: type[Model], path: str) -> tuple[str, str]:
    """Return the relation with which a path begins, or none, and the rest of the path."""
    relation, separator, field = path.partition(LOOKUP_SEP)
    return (relation, field) if separator and model._meta.get_field(relation).is_relation else ("", path)


def _related(model: type[Model], relation: str) -> type[Model]:
    return cast(type[Model], model._meta.get_field(relation).related_model)


def _contains(model: type[Model], path: str, word: str) -> Q:
    """Return the condition that a word is found in the field to which a path leads; each table on it is asked once."""
    relation, field = _relation(model, path)
    if not relation:
        return Q(**{f"{path}__icontains": word})
    return _named(model, relation, _contains(_related(model, relation), field, word))


def _named(model: type[Model], relation: str, condition: Q) -> Q:
    """Return the condition that what a row is related to meets another one."""
    rows = _related(model, relation)._default_manager.filter(condition).order_by().values_list("pk", flat=True)
    keys = list(rows[: MOST_NAMED + 1])
    return Q(**{f"{relation}__in": keys if len(keys) <= MOST_NAMED else rows})
