"""The settings form of a plug-in: its secrets are sealed, never shown, unchanged when left empty.

One class for pages and API, so that both read, check and store alike. A record has `settings`, a
dict, and, where its plug-in has secrets, `secrets`: a property that seals and unseals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

ENTER_AGAIN = "The stored value cannot be read with this SECRET_KEY: enter it again."
STORED = "A value is stored. Leave empty to keep it."


class PluginSettings:
    """The settings of one `record`, stored or new, as its plug-in's form describes them.

    `stored` are the secrets that are stored; `unreadable` is set where they were sealed with a key
    that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS.
    """

    def __init__(self, form_class: type[forms.Form], record: Any) -> None:
        self.form_class = form_class
        self.record = record
        self.secret_fields: tuple[str, ...] = getattr(form_class, "secret_fields", ())
        self.stored: dict[str, str] = {}
        self.unreadable = False
        if self.secret_fields and record.pk:
            try:
                self.stored = record.secrets
            except ValueError:
                self.unreadable = True

    def page_form(self, data: Any = None, prefix: str | None = None) -> forms.Form:
        """The form for a page. A secret that is stored and readable may be left empty."""
        initial = self.record.settings if self.record.pk else None
        form = self.form_class(data, initial=initial, prefix=prefix)
        for name in self.secret_fields:
            field = form.fields[name]
            if name in self.stored:
                field.required = False
                field.help_text = f"{field.help_text} {STORED}".strip()
            elif self.unreadable:
                field.help_text = f"{field.help_text} {ENTER_AGAIN}".strip()
                field.error_messages["required"] = ENTER_AGAIN
        return form

    def api_form(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> forms.Form:
        """The form filled with what a client sent; defaults and stored secrets need not be sent."""
        data = {**self._defaults(), **settings, **self.stored, **secrets}
        form = self.form_class(data)
        if self.unreadable:
            for name in self.secret_fields:
                form.fields[name].error_messages["required"] = ENTER_AGAIN
        return form

    def _defaults(self) -> dict[str, Any]:
        """What the form shows before anybody types."""
        form = self.form_class()
        initial = {
            name: form.get_initial_for_field(field, name) for name, field in form.fields.items()
        }
        return {name: value for name, value in initial.items() if value is not None}

    def values_of(self, form: forms.Form) -> dict[str, dict[str, Any]]:
        """What a valid form changes on the record: `settings` and, where there are any, `secrets`.

        Secrets that cannot be read stay as they are until others are entered: putting the former
        key into SECRET_KEY_FALLBACKS may still open them.
        """
        data, hidden = form.cleaned_data, self.secret_fields
        values = {"settings": {name: data[name] for name in data if name not in hidden}}
        entered = {name: data[name] for name in hidden if data[name]}
        if hidden and (entered or not self.unreadable):
            stored = {name: self.stored[name] for name in hidden if name in self.stored}
            values["secrets"] = {**stored, **entered}
        return values

    def apply(self, form: forms.Form) -> None:
        """Put what a valid form holds onto the record, which the caller saves."""
        for name, value in self.values_of(form).items():
            setattr(self.record, name, value)
