"""Form fields for custom fields, and the form that defines one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.custom_fields.matching import PREFIX
from incidents.custom_fields.values import (
    BelongsTo,
    by_name,
    fields_of,
    missing,
    unset_to_resolve,
)
from incidents.models import CustomField, Incident, Service
from incidents.models.custom_field import LONGEST_TEXT

Kind = CustomField.Kind
PEOPLE_LIST = "people-names"
"""The id of the list of names that a page with fields for people has."""


class CustomFieldsMixin(forms.Form):
    """Form fields for the custom fields in use; `add_custom_fields` adds them to the others."""

    custom_names: list[str]
    names_people: bool
    """Whether one of them is for a person, so that the page offers names."""

    def add_custom_fields(
        self,
        belongs_to: str,
        record: Incident | Service | None = None,
        only: Iterable[CustomField] | None = None,
    ) -> None:
        """With the values of `record`; of a new one those that are needed are required."""
        known = record is not None and record.pk
        values = by_name(record) if known else {}
        self.custom_names, self.names_people = [], False
        for field in fields_of(belongs_to) if only is None else only:
            made = _form_field(field, str(values.get(field.name, "")))
            made.required = field.needed == CustomField.Needed.FILING and not known
            self.fields[field.name] = made
            self.custom_names.append(field.name)
            self.names_people |= field.kind == Kind.PERSON

    def custom_bound_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.custom_names]

    def taken_custom_fields(self) -> dict[str, Any]:
        """What was submitted for them, taken out of the cleaned data."""
        return {name: self.cleaned_data.pop(name, "") for name in self.custom_names}


class NeededFieldsForm(CustomFieldsMixin):
    """The custom fields that an incident lacks, of those that are needed to resolve it."""

    def __init__(self, data: Any, incident: Incident) -> None:
        super().__init__(data, prefix="field")
        self.add_custom_fields(BelongsTo.INCIDENTS, incident, unset_to_resolve(incident))
        for field in self.fields.values():
            field.required = True


def _form_field(field: CustomField, value: str) -> forms.CharField:
    # The rule says what is wrong, with the same words as everywhere; this only helps to type.
    return forms.CharField(
        label=field.label,
        help_text=field.description,
        initial=value,
        max_length=LONGEST_TEXT,
        widget=_widget(field, value),
        error_messages={"required": missing(field)},
    )


def _widget(field: CustomField, value: str) -> forms.Widget:
    if field.kind == Kind.CHOICE:
        choices = [*field.choices, *([value] if value and value not in field.choices else [])]
        return forms.Select(choices=[("", "–"), *((each, each) for each in choices)])
    attrs: dict[str, Any] = {"autocomplete": "off"}
    if field.kind == Kind.NUMBER:
        attrs["inputmode"] = "decimal"
    elif field.kind == Kind.LINK:
        attrs |= {"inputmode": "url", "placeholder": "https://"}
    elif field.kind == Kind.PERSON:
        attrs["list"] = PEOPLE_LIST
    return forms.TextInput(attrs)


@dataclass(frozen=True)
class FieldFilter:
    """A field by which the list is narrowed: a box, or choices."""

    parameter: str
    label: str
    value: str
    choices: list[tuple[str, str]]


def field_filters(fields: Iterable[CustomField], given: Mapping[str, Any]) -> list[FieldFilter]:
    """What the filters of a list show for each custom field."""
    return [
        FieldFilter(
            f"{PREFIX}{field.name}",
            field.label,
            given.get(f"{PREFIX}{field.name}", ""),
            [(each, each) for each in field.choices],
        )
        for field in fields
    ]


class CustomFieldForm(forms.ModelForm):
    choices = forms.CharField(
        required=False,
        max_length=25_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        label=_("Choices"),
        help_text=_("One a line, for the kind “choice”."),
    )

    class Meta:
        model = CustomField
        fields = [
            "name", "label", "description", "belongs_to", "kind", "choices", "needed",
            "needed_to_resolve", "feeds_similarity", "position", "archived",
        ]  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["choices"] = "\n".join(self.instance.choices)

    def clean_choices(self) -> list[str]:
        return self.cleaned_data["choices"].splitlines()
