"""The settings form of a plug-in: its secrets are sealed, never shown, unchanged when left empty.

One class for pages and API, so that both read, check and store alike. A record has `settings`, a
dict, and, where its plug-in has secrets, `secrets`: a property that seals and unseals.

A stored secret goes only where it was entered for. Whoever changes the address enters it again,
or else could have it sent to a host of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.outbound_addresses import AddressRefused, check_url
from common.text_limits import LONGEST_TEXT

ENTER_AGAIN = _("The stored value cannot be read with this SECRET_KEY: enter it again.")
STORED = _("A value is stored. Leave empty to keep it.")
ADDRESS_CHANGED = _(
    "The address changed: enter this secret again, it was stored for the former one."
)
FORGET = "forget_secrets"
"""The field of a page's form that drops stored secrets which the plug-in does not require."""
ADDRESS_NAMES = frozenset({"url", "host", "hostname", "port", "server", "address"})


def _limited(form: forms.Form) -> forms.Form:
    """The form, with a limit for each text that has none of its own."""
    for field in form.fields.values():
        if isinstance(field, forms.CharField) and field.max_length is None:
            field.validators.append(MaxLengthValidator(LONGEST_TEXT))
    return form


def _both(help_text: Any, sentence: Any) -> Any:
    return format_lazy("{} {}", help_text, sentence) if help_text else sentence


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
        self._cleared: set[str] = set()
        if self.secret_fields and record.pk:
            try:
                self.stored = record.secrets
            except ValueError:
                self.unreadable = True

    def page_form(self, data: Any = None, prefix: str | None = None) -> forms.Form:
        """The form for a page. A secret that is stored and readable may be left empty."""
        initial = self.record.settings if self.record.pk else None
        form = _limited(self.form_class(data, initial=initial, prefix=prefix))
        optional = [name for name in self.stored if self._may_be_empty(form, name)]
        for name in self.secret_fields:
            field = form.fields[name]
            if name in self.stored:
                field.required = False
                field.help_text = _both(field.help_text, STORED)
            elif self.unreadable:
                field.help_text = _both(field.help_text, ENTER_AGAIN)
                field.error_messages["required"] = ENTER_AGAIN
        if optional:
            labels = ", ".join(str(form[name].label).lower() for name in optional)
            form.fields[FORGET] = forms.BooleanField(
                required=False,
                label=_("Forget what is stored"),
                help_text=format_lazy(_("Of: {names}."), names=labels),
            )
        if form.is_bound:
            form.full_clean()
            if form.cleaned_data.get(FORGET):
                self._cleared = set(optional)
            self._check_addresses(form)
            if self._address_changed(form):
                entered = {name for name in self.secret_fields if form.cleaned_data.get(name)}
                self._want_again(form, entered)
        return form

    def api_form(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> forms.Form:
        """The form filled with what a client sent; defaults and stored secrets need not be sent.

        A secret that is sent empty is forgotten.
        """
        data = {**self._defaults(), **settings, **self.stored, **secrets}
        form = _limited(self.form_class(data))
        self._cleared = {name for name, value in secrets.items() if not value}
        if self.unreadable:
            for name in self.secret_fields:
                form.fields[name].error_messages["required"] = ENTER_AGAIN
        form.full_clean()
        self._check_addresses(form)
        if self._address_changed(form):
            self._want_again(form, set(secrets))
        return form

    @staticmethod
    def _may_be_empty(form: forms.Form, name: str) -> bool:
        return name in form.fields and not form.fields[name].required

    @staticmethod
    def _check_addresses(form: forms.Form) -> None:
        for name, field in form.fields.items():
            value = form.cleaned_data.get(name)
            if isinstance(field, forms.URLField) and value:
                try:
                    check_url(value)
                except AddressRefused as error:
                    form.add_error(name, str(error))

    def _address_changed(self, form: forms.Form) -> bool:
        """Whether a setting that says where secrets go is another than the stored one."""
        if not self.record.pk:
            return False
        for name, field in form.fields.items():
            is_address = name in ADDRESS_NAMES or isinstance(field, forms.URLField)
            if not is_address or name in self.secret_fields or name not in form.cleaned_data:
                continue
            before = self.record.settings.get(name) or form.get_initial_for_field(field, name)
            now = form.cleaned_data[name]
            if str(before or "").rstrip("/") != str(now or "").rstrip("/"):
                return True
        return False

    def _want_again(self, form: forms.Form, entered: set[str]) -> None:
        """Have each stored secret entered again, unless it is to be forgotten."""
        for name in self.stored:
            if name in form.fields and name not in entered | self._cleared | set(form.errors):
                form.add_error(name, ADDRESS_CHANGED)

    def _defaults(self) -> dict[str, Any]:
        """What the form shows before anybody types."""
        form = self.form_class()
        initial = {
            name: form.get_initial_for_field(field, name) for name, field in form.fields.items()
        }
        return {name: value for name, value in initial.items() if value is not None}

    def values_of(self, form: forms.Form) -> dict[str, dict[str, Any]]:
        """What a valid form changes on the record: `settings` and, where there are any, `secrets`.

        Secrets that cannot be read stay as they are until others are entered or the address
        changes: putting the former key into SECRET_KEY_FALLBACKS may still open them.
        """
        data, hidden = form.cleaned_data, self.secret_fields
        public = [name for name in data if name not in hidden and name != FORGET]
        values = {"settings": {name: data[name] for name in public}}
        entered = {name: data[name] for name in hidden if data[name]}
        moved = self._address_changed(form)
        if hidden and (entered or moved or not self.unreadable):
            left = () if moved else set(hidden) - self._cleared
            stored = {name: self.stored[name] for name in hidden if name in self.stored}
            stored = {name: value for name, value in stored.items() if name in left}
            values["secrets"] = {**stored, **entered}
        return values

    def apply(self, form: forms.Form) -> None:
        """Put what a valid form holds onto the record, which the caller saves."""
        for name, value in self.values_of(form).items():
            setattr(self.record, name, value)
