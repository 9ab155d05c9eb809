"""Forms of the practice. They parse and validate; saving is up to the areas' functions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analysis.models import Source
from common.language import Text
from incidents.models import Service
from incidents.web.forms.files import KindOfFileForm, TextOrFileForm
from people.membership import active_people
from practice.announcements.announcing import Promise
from practice.load_tests import registry as load_test_tools
from practice.models import Announcement, Capacity, Drill, Phase, Practice, Slo
from practice.records.load_tests import MOST_BYTES
from practice.slo_files import registry as slo_files


class SloForm(forms.ModelForm):
    window = forms.ChoiceField(label=_("Window"), initial=Slo.Window.DAYS_28)

    class Meta:
        model = Slo
        fields = [
            "service",
            "name",
            "description",
            "target",
            "window",
            "counts",
            "numerator",
            "total",
            "source",
            "policy",
            "okr_name",
            "okr_quarter",
            "okr_target",
            "enabled",
        ]
        labels = {
            "service": _("Service"),
            "name": _("Name"),
            "description": _("Description"),
            "target": _("Target"),
            "source": _("Source"),
            "policy": _("Policy"),
            "enabled": _("Enabled"),
        }
        widgets = {
            name: forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
            for name in ("description", "numerator", "total", "policy")
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        window: Any = self.fields["window"]
        own = [(self.instance.window, self.instance.window_in_words)]
        window.choices = list(dict([*Slo.Window.choices, *own]).items())
        field: Any = self.fields["source"]
        field.queryset = Source.objects.filter(kind="prometheus")


class SloFileForm(KindOfFileForm):
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind, plugin.title) for kind, plugin in slo_files().items()]


class LoadTestForm(TextOrFileForm):
    max_bytes = MOST_BYTES
    tool = forms.ChoiceField(label=_("Tool"))
    release = forms.CharField(label=_("Release"), max_length=200, required=False)
    scenario = forms.CharField(
        label=_("Scenario"), max_length=100, initial="default",
        help_text=_("Runs of one scenario are compared."),
    )  # fmt: skip
    repository = forms.CharField(
        label=_("Repository"), max_length=500, required=False,
        help_text=_(
            "With its commit: as in example/shop, or its clone address. The result is shown "
            "beside the commit if its code host is set up."
        ),
    )  # fmt: skip
    commit = forms.CharField(
        label=_("Commit"), max_length=64, required=False, help_text=_("The full hash.")
    )
    field_order = ["tool", "release", "scenario", "repository", "commit", "file", "content"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["tool"]
        field.choices = [(kind, plugin.title) for kind, plugin in load_test_tools().items()]


class DrillForm(forms.ModelForm):
    class Meta:
        model = Drill
        fields = ["kind", "worked", "notes", "url"]
        labels = {
            "kind": _("Kind"), "worked": pgettext_lazy("drill", "Worked"), "notes": _("Notes"),
            "url": _("Url"),
        }  # fmt: skip
        widgets = {"notes": forms.Textarea(attrs={"rows": 2})}


class CapacityForm(forms.ModelForm):
    class Meta:
        model = Capacity
        fields = ["what", "query", "limit", "unit", "source"]
        labels = {
            "what": _("What"), "query": _("Query"), "limit": _("Limit"), "unit": _("Unit"),
            "source": _("Source"),
        }  # fmt: skip
        widgets = {"query": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})}


class ChecklistForm(forms.Form):
    items = forms.CharField(
        label=_("Questions"),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 26, "spellcheck": "false"}),
        help_text=_("One a line: section | question, and | check where the product can answer."),
    )
    valid_days = forms.IntegerField(
        label=_("Valid for days"), min_value=1, max_value=3650, initial=180
    )


class PracticeForm(forms.ModelForm):
    class Meta:
        model = Practice
        fields = ["name", "what", "parent", "position"]
        labels = {
            "name": _("Name"), "what": _("What"), "parent": _("Parent"), "position": _("Position"),
        }  # fmt: skip
        widgets = {"what": forms.Textarea(attrs={"rows": 2})}
        help_texts = {"position": _("Lower ones come first.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Not below itself: a map has no circles.
        inside = {self.instance.pk} if self.instance.pk else set()
        grown = True
        while grown and inside:
            below = set(Practice.objects.filter(parent__in=inside).values_list("pk", flat=True))
            grown = not below <= inside
            inside |= below
        field: Any = self.fields["parent"]
        field.queryset = Practice.objects.exclude(pk__in=inside)


class StageForm(forms.Form):
    stage = forms.ChoiceField(label=_("Stage"), choices=Service.Lifecycle)
    reason = forms.CharField(
        label=_("Reason"), max_length=300, required=False,
        help_text=_("Required only where the gate is not met."),
    )  # fmt: skip


class AnnouncementForm(forms.ModelForm):
    class Meta:
        model = Announcement
        fields = [
            "title", "service", "new_service", "owner", "tier", "planned_on", "flows",
            "expected_rate", "depends_on",
        ]  # fmt: skip
        labels = {
            "title": _("Title"), "service": _("Service"), "tier": _("Tier"),
            "depends_on": _("Depends on"),
        }  # fmt: skip
        widgets = {
            "planned_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "flows": forms.Textarea(attrs={"rows": 4}),
        }


class DecisionForm(forms.Form):
    """A decision, and for each phase who does it until when."""

    state = forms.ChoiceField(label=_("Decision"))
    decision = forms.CharField(
        label=_("Reason and conditions"), max_length=5000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        state: Any = self.fields["state"]
        state.choices = [
            (Announcement.State.ACCEPTED, _("Accept")),
            (Announcement.State.POSTPONED, _("Postpone")),
            (Announcement.State.WITHDRAWN, _("Withdraw")),
        ]
        for phase, name in Phase.choices:
            self.fields[f"due_{phase}"] = forms.DateField(
                label=format_lazy(_("{phase}, due"), phase=name),
                required=False,
                widget=forms.DateInput(attrs={"type": "date"}),
            )
            self.fields[f"owner_{phase}"] = forms.ModelChoiceField(
                active_people().order_by("username"),
                label=format_lazy(_("{phase}, by"), phase=name),
                required=False,
                to_field_name="username",
                empty_label=_("nobody"),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for phase in Phase.values:
            if data.get(f"owner_{phase}") and not data.get(f"due_{phase}"):
                self.add_error(f"due_{phase}", _("Until when?"))
        return data

    @property
    def phase_rows(self) -> list[tuple[Text, Any, Any]]:
        """The name of each phase, and its fields of date and person."""
        return [
            (name, self[f"due_{phase}"], self[f"owner_{phase}"]) for phase, name in Phase.choices
        ]

    def promises(self) -> list[Promise]:
        data = self.cleaned_data
        return [
            Promise(phase, data[f"owner_{phase}"], data[f"due_{phase}"])
            for phase in Phase.values
            if data[f"due_{phase}"]
        ]
