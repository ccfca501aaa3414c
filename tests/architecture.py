"""What imports do not show of the floors: keys, cascades, states, signals and migrations.

Every check takes models (or migrations) and returns the places that break its rule, so that a test can provoke it on
models made for that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Any
from weakref import ReferenceType

import django_fsm.signals
import pgtrigger
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models import signals
from django_fsm import FSMFieldMixin, FSMModelMixin

from core.ledger import APPEND_ONLY
from tests.lints import APPS

# Ground floor first. Django's own apps and the libraries' lie below all of them.
FLOORS = {label: floor for floor, label in enumerate(reversed(("config", *APPS)))}
Model = type[models.Model]
KEEPS_ROWS = {models.PROTECT, models.RESTRICT, models.DO_NOTHING}
MODEL_SIGNALS = ("pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")


def own_models() -> list[Model]:
    """Every model of the house, in its apps' order, without the history tables that pghistory makes."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in FLOORS and not hasattr(model, "pgh_tracked_model")
    ]


def own_migrations() -> list[Migration]:
    """Every migration of the house, read from its file."""
    return [migration for key, migration in sorted(disk().items()) if key[0] in FLOORS]


def disk() -> dict[tuple[str, str], Migration]:
    """Every migration there is, by app and name, without asking a database what it has run."""
    return MigrationLoader(None).disk_migrations


def keys(members: Iterable[Model]) -> Iterator[tuple[Model, Any, Model]]:
    """The relations that models declare: (model, field, what it refers to)."""
    for model in members:
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            if field.is_relation and isinstance(field.related_model, type):
                yield model, field, field.related_model


# --- Floors ---


def keys_pointing_up(members: Iterable[Model]) -> list[str]:
    """A row refers to rows of its own floor and of floors below it."""
    return [
        f"{field}: a key from {model._meta.app_label} up to {target._meta.label}"
        for model, field, target in keys(members)
        if FLOORS.get(target._meta.app_label, -1) > FLOORS[model._meta.app_label]
    ]


def reverse_accessors_across_apps(members: Iterable[Model]) -> list[str]:
    """A lower app must not see a higher one's rows through an accessor, so a key across apps has none."""
    return [
        f'{field}: refers to {target._meta.label} without related_name="+"'
        for model, field, target in keys(members)
        if target._meta.app_label in FLOORS.keys() - {model._meta.app_label} and not field.remote_field.hidden
    ]


def migrations_pointing_up(migrations: Iterable[Migration]) -> list[str]:
    """A lower app's tables can be made before a higher app's exist."""
    return [
        f"{migration} waits for {app}.{name}, which stands above it"
        for migration in migrations
        for app, name in (*migration.dependencies, *migration.run_before)
        if FLOORS.get(app, -1) > FLOORS[migration.app_label]
    ]


def apps_with_many_leaves(migrations: Iterable[Migration]) -> list[str]:
    """The history of an app's tables has one end."""
    members = {(migration.app_label, migration.name): migration for migration in migrations}
    inner = {key for migration in members.values() for key in migration.dependencies if key[0] == migration.app_label}
    leaves: dict[str, list[str]] = {}
    for app, name in sorted(members.keys() - inner):
        leaves.setdefault(app, []).append(name)
    return [f"{app} has {len(names)} leaves: {', '.join(names)}" for app, names in leaves.items() if len(names) > 1]


def migrations_named_by_machine(migrations: Iterable[Migration]) -> list[str]:
    """A migration is named for its purpose: number_purpose."""
    return [
        f"{migration} is not named for its purpose"
        for migration in migrations
        if re.search(r"_auto_\d|_and_more|_merge_|^\d{4}_(auto|merge)", migration.name)
        or not re.fullmatch(r"\d{4}_[a-z][a-z0-9_]+", migration.name)
    ]


def migrations_without_way_back(migrations: Iterable[Migration]) -> list[str]:
    """A deployment that fails is taken back, so every operation can be."""
    return [
        f"{migration}: {operation.describe()} cannot be reversed"
        for migration in migrations
        for operation in migration.operations
        if not operation.reversible
    ]


# --- Rows ---


def models_without_docstring(members: Iterable[Model]) -> list[str]:
    """A model says what a row is and what always holds; Django makes up a docstring where there is none."""
    return [
        f"{model._meta.label} has no docstring"
        for model in members
        if not model.__doc__ or model.__doc__.startswith(f"{model.__name__}(")
    ]


def generic_keys(members: Iterable[Model]) -> list[str]:
    """A key names its table, so that the database can hold it."""
    return [
        f"{model._meta.label}.{field.name} is a GenericForeignKey"
        for model in members
        for field in model._meta.private_fields
        if isinstance(field, GenericForeignKey)
    ]


def is_ledger(model: Model) -> bool:
    """Whether rows of the model are only ever added."""
    return any(trigger.name == APPEND_ONLY for trigger in getattr(model._meta, "triggers", ()))


def has_life(model: Model) -> bool:
    """Whether the model is a document with a status of its own."""
    return any(isinstance(field, FSMFieldMixin) for field in model._meta.local_fields)


def cascades(members: Iterable[Model]) -> list[str]:
    """Documents end by a status, ledgers never: no deletion elsewhere takes or changes their rows.

    Other rows may go with their parent inside one app, or with the person or company that they describe.
    """
    found = []
    for model, field, target in keys(members):
        action = getattr(field.remote_field, "on_delete", None)
        if action is None or action in KEEPS_ROWS:
            continue
        if is_ledger(model) or has_life(model):
            found.append(f"{field}: rows of a ledger or document are kept, use PROTECT")
        elif action is models.CASCADE and (is_ledger(target) or has_life(target)):
            found.append(f"{field}: would delete rows with a document that is never deleted, use PROTECT")
        elif action is models.CASCADE and target._meta.app_label not in (model._meta.app_label, "core"):
            found.append(f"{field}: deletes across apps, use PROTECT")
    return found


def company_not_first(members: Iterable[Model]) -> list[str]:
    """Where rows carry their company, what is unique is unique within it: a company may move to its own machine."""
    found = []
    for model in members:
        names = {field.name for field in model._meta.local_fields}
        if "company" not in names:
            continue
        for field in model._meta.local_fields:
            apart = field.primary_key or field.is_relation or isinstance(field, models.UUIDField)
            if field.unique and not apart:
                found.append(f"{field}: unique for all companies, use a UniqueConstraint that begins with company")
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                first = (*constraint.fields, *(getattr(part, "name", "") for part in constraint.expressions))[0]
                if first != "company" and not _refers(model, first):
                    found.append(f"{constraint.name}: begins with {first}, not with company")
    return found


def _refers(model: Model, name: str) -> bool:
    """Whether a field is a key to a row that belongs to one company itself, so that what follows it is within that."""
    return bool(name) and model._meta.get_field(name).is_relation


def constraints_without_table(members: Iterable[Model]) -> list[str]:
    """A constraint is named table_rule: its name is all that a failed statement says."""
    return [
        f"{model._meta.label}: {constraint.name} does not begin with {model._meta.model_name}_"
        for model in members
        for constraint in model._meta.constraints
        if not constraint.name.startswith(f"{model._meta.model_name}_")
    ]


# --- States ---


def unguarded_states(members: Iterable[Model]) -> list[str]:
    """A status is changed by its transitions alone, in Python and in PostgreSQL, and guards are blockers in queries.

    FSMModelMixin makes refresh_from_db work by lifting the field's protection for all threads, so nobody mixes it in.
    """
    found = []
    for model in members:
        for field in model._meta.local_fields:
            if not isinstance(field, FSMFieldMixin):
                continue
            if not field.protected:
                found.append(f"{field} is not protected")
            if issubclass(model, FSMModelMixin):
                found.append(f"{model._meta.label} mixes in FSMModelMixin: read again with .locked().get()")
            graph = list(field.get_all_transitions(model))
            found += [
                f"{model._meta.label}.{step.name} has conditions or a permission: guards are queries.blockers"
                for step in graph
                if step.conditions or step.permission
            ]
            if any(value != value.upper() for value, _ in field.flatchoices) or not field.flatchoices:
                found.append(f"{field}: its choices are a TextChoices, UPPERCASE in the database")
            steps = {(str(step.source), str(step.target)) for step in graph}
            held = [
                pairs for trigger in getattr(model._meta, "triggers", ()) if (pairs := _allowed(trigger, field.name))
            ]
            if len(held) != 1 or not steps <= held[0]:
                found.append(f"{field}: no trigger made from the graph holds its transitions")
            if not any(
                isinstance(constraint, models.CheckConstraint) and field.name in _names_in(constraint.condition)
                for constraint in model._meta.constraints
            ):
                found.append(f"{field}: no CheckConstraint lists its values")
    return found


def _allowed(trigger: pgtrigger.Trigger, name: str) -> set[tuple[str, ...]]:
    """The changes of a status that a trigger of core.transitions.Graph lets through; nothing for another trigger."""
    condition = getattr(trigger.condition, "sql", "") or ""
    pairs = re.findall(r"'(\w+):(\w+)'", condition)
    return set(pairs) if f"OLD.{name}" in condition and f"NEW.{name}" in condition else set()


def _names_in(condition: models.Q) -> set[str]:
    return {
        name
        for child in condition.children
        for name in (_names_in(child) if isinstance(child, models.Q) else {child[0].split("__")[0]})
    }


def receivers_of_ours() -> list[str]:
    """No rule hangs on a signal of models or of the state machine: bulk writes would go past it."""
    watched = [(name, getattr(signals, name)) for name in MODEL_SIGNALS]
    watched += [(name, getattr(django_fsm.signals, name)) for name in ("pre_transition", "post_transition")]
    found = []
    for name, signal in watched:
        for receiver in (entry[1] for entry in signal.receivers):
            function = receiver() if isinstance(receiver, ReferenceType) else receiver
            module = getattr(function, "__module__", "")
            if module.split(".")[0] in (*FLOORS, "tests"):
                found.append(f"{module}.{getattr(function, '__qualname__', function)} listens to {name}")
    return found


# --- Jobs and locks ---


def unknown_jobs(names: Iterable[str], tasks: Collection[str]) -> list[str]:
    """A job is deferred by name, so the name must be that of a task."""
    return [f"{name} is deferred, and no task has that name" for name in names if name not in tasks]


def unknown_tables_in_lock_order(order: Iterable[str], members: Iterable[Model]) -> list[str]:
    """The lock order names tables once each; those of an app that has models are tables of models."""
    members = list(members)
    tables = {model._meta.db_table for model in members}
    started = {model._meta.app_label for model in members}
    order = list(order)
    doubled = [f"{first} stands twice" for first, second in pairwise(sorted(order)) if first == second]
    return doubled + [
        f"{table} is no table" for table in order if table.split("_")[0] in started and table not in tables
    ]
