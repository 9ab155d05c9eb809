"""Forms of incidents."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from incidents.models import CustomField, Incident, Service
from incidents.web.forms.custom_fields import CustomFieldsMixin


class TimeField(forms.DateTimeField):
    """A time on the reader's clock; the label says which zone that is."""

    def get_bound_field(self, form: Any, field_name: str) -> forms.BoundField:
        bound = super().get_bound_field(form, field_name)
        bound.label = format_lazy("{} ({})", bound.label, timezone.get_current_timezone_name())
        return bound


def time_field(required: bool = False, **attrs: Any) -> TimeField:
    return TimeField(
        required=required,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
        ),
        input_formats=[
            "%Y-%m-%dT%H:%M:%S",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%d %H:%M:%S",
        ],
        **attrs,
    )


class FilingForm(CustomFieldsMixin):
    title = forms.CharField(
        label=_("Title"),
        max_length=300,
        widget=forms.TextInput(
            attrs={"autofocus": True, "placeholder": _("orders-db CPU at 95 %, checkout slow")}
        ),
        help_text=_("What do users or monitors see?"),
    )
    services = forms.ModelMultipleChoiceField(
        Service.objects.all(),
        label=_("Services"),
        required=False,
        help_text=_("Those named in the title are added."),
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=Incident.Severity, initial=Incident.Severity.SEV3
    )
    symptom = forms.CharField(
        label=_("Symptom"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(
            attrs={"rows": 5, "placeholder": _("Error messages, numbers, alerts…")}
        ),
        help_text=_("Markdown. Paste log lines and errors as they are."),
    )
    impact_started_at = time_field(
        label=_("Impact started"), help_text=_("Empty means now. Evidence is pulled around it.")
    )
    private = forms.BooleanField(
        label=_("Private"),
        required=False,
        help_text=_("Only you and people you add later can see it."),
    )

    def __init__(self, *args: Any, incident: Incident | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_custom_fields(CustomField.BelongsTo.INCIDENTS, incident)


class EditForm(FilingForm):
    resolution = forms.CharField(
        label=_("Resolution"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What ended it. Shown when something similar happens again."),
    )
    open_related = forms.BooleanField(
        required=False,
        label=_("Its causes and postmortems too"),
        help_text=_("If it becomes public: what was made from it does as well."),
    )
    detected_at = time_field(label=_("Detected"))
    acknowledged_at = time_field(label=_("Acknowledged"))
    mitigated_at = time_field(label=_("Mitigated"))
    resolved_at = time_field(label=_("Resolved"))

    field_order = [
        "title", "services", "symptom", "resolution", "impact_started_at", "detected_at",
        "acknowledged_at", "mitigated_at", "resolved_at", "private", "open_related",
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["severity"]
        if not self.initial.get("private"):
            del self.fields["open_related"]
        self.fields["impact_started_at"].required = True
