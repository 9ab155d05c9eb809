"""Sets custom fields of an incident or a service, and reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.markdown import escape_markdown
from common.process_cache import ProcessCache
from incidents.custom_fields.reading import Read, read_value
from incidents.models import CustomField, FieldValue, Incident, Service

Given = Mapping[str, Any]
"""By the name of a field, what was given for it; None or an empty text clears it."""
BelongsTo = CustomField.BelongsTo


def fields_of(belongs_to: str) -> QuerySet[CustomField]:
    """The fields that are in use, in order."""
    return CustomField.objects.filter(belongs_to=belongs_to, archived=False)


# Saves a query of each list.
_listed: ProcessCache[str, list[CustomField]] = ProcessCache("custom fields", 2, max_age=10)


def listed_fields(belongs_to: str) -> list[CustomField]:
    """The same for columns and filters of lists: what another process changes comes 10 s later."""
    return _listed.get(belongs_to, lambda: list(fields_of(belongs_to)))


def forget_listed_fields() -> None:
    """Read them anew: one was changed."""
    _listed.clear()


def fed_fields() -> QuerySet[CustomField]:
    """The fields of incidents that feed similarity, in order."""
    return fields_of(BelongsTo.INCIDENTS).filter(feeds_similarity=True)


def labels_of(belongs_to: str) -> dict[str, str]:
    """The labels of the fields in use, by name."""
    return dict(fields_of(belongs_to).values_list("name", "label"))


def read_values(
    belongs_to: str, given: Given, record: Incident | Service | None = None
) -> dict[CustomField, Read]:
    """What was given, by field, without what `record` has already: that may be a former choice.

    Raises ValidationError with the errors of all fields by name.
    """
    if not given:
        return {}
    stored = by_name(record) if record is not None and record.pk else {}
    known = {field.name: field for field in fields_of(belongs_to)}
    errors: dict[str, Any] = {}
    found = {}
    for name, value in given.items():
        if name in stored and stored[name] == value:
            continue
        if name not in known:
            errors[name] = ValidationError(
                _("There is no such custom field of %(records)s. Known: %(names)s."),
                params={
                    "records": BelongsTo(belongs_to).label,
                    "names": ", ".join(known) or _("none"),
                },
            )
            continue
        try:
            found[known[name]] = read_value(known[name], value)
        except ValidationError as error:
            errors |= error.error_dict
    if errors:
        raise ValidationError(errors)
    return found


def require_needed(belongs_to: str, given: Given) -> None:
    """Raises ValidationError by name for fields that must have a value and have none in `given`."""
    needed = fields_of(belongs_to).filter(needed=CustomField.Needed.FILING)
    errors = {
        field.name: ValidationError(missing(field))
        for field in needed
        if given.get(field.name) in (None, "")
    }
    if errors:
        raise ValidationError(errors)


def require_needed_to_resolve(incident: Incident) -> None:
    """Raises ValidationError by name for fields without which no person resolves an incident."""
    unset = fields_of(BelongsTo.INCIDENTS).filter(needed_to_resolve=True)
    unset = unset.exclude(values__incident=incident)
    errors = {
        field.name: ValidationError(
            _("Set “%(label)s” first: it is needed to resolve an incident."),
            params={"label": field.label},
        )
        for field in unset
    }
    if errors:
        raise ValidationError(errors)


def unset_to_resolve(incident: Any) -> list[CustomField]:
    """The fields that are needed to resolve an incident and have no value, in order."""
    if incident.merged_into_id is not None:
        return []
    needed = [each for each in listed_fields(BelongsTo.INCIDENTS) if each.needed_to_resolve]
    values = by_name(incident) if needed else {}
    return [field for field in needed if field.name not in values]


def missing(field: CustomField) -> Text:
    """What to say where a field that is needed is empty."""
    return format_lazy(_("Enter “{label}”: it is needed."), label=field.label)


def write_values(record: Incident | Service, values: Mapping[CustomField, Read]) -> list[str]:
    """Store values; what changed, a line of Markdown for each field.

    Runs in the caller's transaction, which holds the lock of the record.
    """
    stored = {row.field_id: row for row in record.field_values.select_related("person")}
    changes = []
    for field, read in values.items():
        row = stored.get(field.pk)
        before = _in_words(row)
        if row is None:
            if read.is_empty:
                continue
            row = FieldValue(field=field, **{_owner_of(record): record})
        elif (row.text, row.person) == (read.text, read.person):
            continue
        row.text, row.number, row.person = read.text, read.number, read.person
        if read.is_empty:
            row.delete()
        else:
            row.save()
        changes.append(f"{escape_markdown(field.label)}: {before} → {_in_words(row)}")
    return changes


def _owner_of(record: Incident | Service) -> str:
    return "incident" if isinstance(record, Incident) else "service"


def _in_words(row: FieldValue | None) -> str:
    if row is None:
        return "–"
    # The sign before a name lets it be replaced when the person is erased.
    return f"@{row.person.get_username()}" if row.person else escape_markdown(row.text) or "–"


def with_values(belongs_to: str) -> Prefetch[Any]:
    """Prefetches what `values_of` and pages show, in one query."""
    rows = FieldValue.objects.filter(field__belongs_to=belongs_to, field__archived=False)
    return Prefetch("field_values", rows.select_related("field", "person"), "shown_values")


def values_of(record: Any) -> Iterable[FieldValue]:
    """The values of a record in the order of its fields, without those of archived fields."""
    prefetched = getattr(record, "shown_values", None)
    if prefetched is not None:
        return list(prefetched)
    rows = record.field_values.filter(field__archived=False)
    return list(rows.select_related("field", "person"))


def by_name(record: Any) -> dict[str, str | int | float]:
    """The values of a record by the names of their fields; numbers as numbers."""
    return {row.field.name: _plain(row) for row in values_of(record)}


def _plain(row: FieldValue) -> str | int | float:
    if row.number is None:
        return row.shown
    return int(row.number) if row.number == int(row.number) else float(row.number)
