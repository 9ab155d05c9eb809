"""Records every change of the models that packages watch, with the values before and after.

Each package names its models in its own `audited.py`. Configuration is recorded always, content
whenever a person acts, so that the intake of alerts costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models.signals import m2m_changed, pre_delete

from common.origin import SETUP, origin
from common.registry import Registry
from people.audit.recording import entry_of
from people.audit.values import Change, changes_of, stored_value, text_of
from people.models import AuditEntry

Row = TypeVar("Row", bound=models.Model)
_MOST_NAMES = 100


def _private(row: Any) -> bool:
    return bool(getattr(row, "private", False))


@dataclass(frozen=True)
class Audited:
    """A model whose changes are recorded."""

    model: type[models.Model]
    always: bool
    """also when no person acts"""
    secret: frozenset[str]
    """fields of which only is recorded that they changed"""
    ignored: frozenset[str]
    private: Callable[[Any], bool]
    """whether a record is private, so that the entry is hidden from some"""

    @property
    def noun(self) -> str:
        return str(self.model._meta.verbose_name).replace(" ", "_").lower()

    def is_wanted(self) -> bool:
        by = origin()
        return by is not SETUP and (self.always or by.actor is not None)

    def fields(self, only: Collection[str] | None = None) -> list[Any]:
        """The columns that are recorded, of those that a save writes."""
        return [
            field
            for field in self.model._meta.concrete_fields
            if not (
                field.primary_key
                or field.generated
                or field.name in self.ignored
                or isinstance(field, models.BinaryField)
                or getattr(field, "auto_now", False)
                or getattr(field, "auto_now_add", False)
                or (only is not None and not {field.name, field.attname} & set(only))
            )
        ]

    def changes(
        self, before: dict[str, Any], after: dict[str, Any], row: models.Model | None
    ) -> dict[str, Change]:
        found: dict[str, Change] = {}
        for field in self.fields():
            old, new = before.get(field.attname), after.get(field.attname)
            if old != new and not (old in _EMPTY and new in _EMPTY):
                found |= changes_of(field, old, new, row, field.name in self.secret)
        return found

    def entry(self, verb: str, row: Any, changes: dict[str, Change]) -> AuditEntry:
        was_private = True in changes.get("private", ())
        return entry_of(
            f"{self.noun}.{verb}", row, changes, private=was_private or self.private(row)
        )


_EMPTY: tuple[Any, ...] = (None, "", [], {})
AUDITED: Registry[Audited] = Registry("audited models")


def watch(
    model: type[models.Model],
    *,
    always: bool,
    secret: Collection[str] = (),
    ignored: Collection[str] = (),
    private: Callable[[Any], bool] = _private,
) -> None:
    """Record the changes of a model from here on."""
    audited = Audited(model, always, frozenset(secret), frozenset(ignored), private)
    if model._meta.label_lower in AUDITED:
        return
    AUDITED.register(model._meta.label_lower, audited)
    model.save_base = _recording(model.save_base, audited)  # type: ignore[method-assign]
    pre_delete.connect(
        partial(_record_deletion, audited), sender=model, weak=False, dispatch_uid=audited.noun
    )
    for field in model._meta.many_to_many:
        through: Any = field.remote_field.through
        if through._meta.auto_created:
            m2m_changed.connect(
                partial(_record_links, audited, field.name), sender=through, weak=False
            )


def _values(row: models.Model, fields: Iterable[Any]) -> dict[str, Any]:
    return {
        field.attname: stored_value(field, row.__dict__[field.attname])
        for field in fields
        if field.attname in row.__dict__
    }


def _stored(row: models.Model, fields: Iterable[Any]) -> dict[str, Any]:
    names = [field.attname for field in fields]
    found = type(row)._base_manager.filter(pk=row.pk).values(*names).first()
    return dict(found or {})


def _recording(save_base: Callable[..., None], audited: Audited) -> Callable[..., None]:
    # Signals would not do: they are sent outside of the transaction of the save.
    @wraps(save_base)
    def save(self: models.Model, *args: Any, **options: Any) -> None:
        fields = audited.fields(options.get("update_fields"))
        if not fields or not audited.is_wanted():
            save_base(self, *args, **options)
            return
        with transaction.atomic(using=options.get("using"), savepoint=False):
            is_new = self._state.adding
            before = {} if is_new else _stored(self, fields)
            save_base(self, *args, **options)
            after = _values(self, fields)
            if any(hasattr(value, "resolve_expression") for value in after.values()):
                after = _stored(self, fields)
            before = {name: value for name, value in before.items() if name in after}
            changes = audited.changes(before, after, self)
            if changes or is_new:
                audited.entry("created" if is_new else "changed", self, changes).save()

    return save


def _record_deletion(audited: Audited, *, instance: models.Model, **_: Any) -> None:
    # Before the deletion and in its transaction: the name of a row may need rows that go with it.
    if audited.is_wanted():
        changes = audited.changes(_values(instance, audited.fields()), {}, instance)
        audited.entry("deleted", instance, changes).save()


def _names(rows: Iterable[Any]) -> list[str]:
    return sorted(text_of(str(each), 200) for each in rows)[:_MOST_NAMES]


def _record_links(
    audited: Audited,
    field: str,
    *,
    instance: Any,
    action: str,
    reverse: bool,
    model: type[models.Model],
    pk_set: set[Any] | None,
    **_: Any,
) -> None:
    """Changes of a field with many values, from either side of it."""
    if action not in ("post_add", "post_remove", "pre_clear") or not audited.is_wanted():
        return
    if action != "pre_clear" and not pk_set:
        return
    if reverse:
        _record_reverse(audited, field, instance, action, model, pk_set)
        return
    now = _names(getattr(instance, field).all())
    if action == "pre_clear":
        before, after = now, list[str]()
    else:
        moved = _names(model._base_manager.filter(pk__in=pk_set or ()))
        without = [name for name in now if name not in moved]
        before, after = (without, now) if action == "post_add" else (sorted(now + moved), now)
    if before != after:
        audited.entry("changed", instance, {field: [before, after]}).save()


def _record_reverse(
    audited: Audited,
    field: str,
    instance: Any,
    action: str,
    model: type[models.Model],
    pk_set: set[Any] | None,
) -> None:
    if pk_set is None:
        rows = model._base_manager.filter(**{field: instance})
    else:
        rows = model._base_manager.filter(pk__in=pk_set)
    name = text_of(str(instance), 200)
    pair = [[], [name]] if action == "post_add" else [[name], []]
    AuditEntry.objects.bulk_create(audited.entry("changed", row, {field: pair}) for row in rows)


def update(rows: models.QuerySet[Any], **values: Any) -> int:
    """`rows.update(**values)` that is recorded: Django's own sends no signal."""
    audited = AUDITED.get(rows.model._meta.label_lower)
    fields = audited.fields({*values}) if audited else []
    if audited is None or not fields or not audited.is_wanted():
        return rows.update(**values)
    with transaction.atomic():
        found = list(rows.select_for_update(of=("self",)))
        keys = [row.pk for row in found]
        before = [_values(row, fields) for row in found]
        count = rows.model._base_manager.filter(pk__in=keys).update(**values)
        changed = rows.model._base_manager.in_bulk(keys)
        entries = []
        for key, old in zip(keys, before, strict=True):
            new = changed[key]
            if changes := audited.changes(old, _values(new, fields), new):
                entries.append(audited.entry("changed", new, changes))
        AuditEntry.objects.bulk_create(entries)
    return count


def created(rows: Iterable[Row]) -> list[Row]:
    """Record rows that were created in bulk; returns them."""
    made = list(rows)
    audited = AUDITED.get(made[0]._meta.label_lower) if made else None
    if audited and audited.is_wanted():
        fields = audited.fields()
        AuditEntry.objects.bulk_create(
            audited.entry("created", row, audited.changes({}, _values(row, fields), row))
            for row in made
        )
    return made
