"""Forms of the practice. They parse and validate; saving is up to the areas' functions."""

from __future__ import annotations

from typing import Any

from django import forms

from analysis.models import Source
from incidents.models import Service
from incidents.web.forms.files import KindOfFileForm, TextOrFileForm
from practice.load_tests import registry as load_test_tools
from practice.models import Capacity, Drill, Practice, Slo
from practice.records.load_tests import MOST_BYTES
from practice.slo_files import registry as slo_files


class SloForm(forms.ModelForm):
    window = forms.ChoiceField(initial=Slo.Window.DAYS_28)

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
    tool = forms.ChoiceField()
    release = forms.CharField(max_length=200, required=False)
    scenario = forms.CharField(
        max_length=100, initial="default", help_text="Runs of one scenario are compared."
    )
    repository = forms.CharField(
        max_length=500, required=False,
        help_text="With its commit: as in example/shop, or its clone address. The result is shown "
        "beside the commit if its code host is set up.",
    )  # fmt: skip
    commit = forms.CharField(max_length=64, required=False, help_text="The full hash.")
    field_order = ["tool", "release", "scenario", "repository", "commit", "file", "content"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["tool"]
        field.choices = [(kind, plugin.title) for kind, plugin in load_test_tools().items()]


class DrillForm(forms.ModelForm):
    class Meta:
        model = Drill
        fields = ["kind", "worked", "notes", "url"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 2})}


class CapacityForm(forms.ModelForm):
    class Meta:
        model = Capacity
        fields = ["what", "query", "limit", "unit", "source"]
        widgets = {"query": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})}


class ChecklistForm(forms.Form):
    items = forms.CharField(
        label="Questions",
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 26, "spellcheck": "false"}),
        help_text="One a line: section | question, and | check where the product can answer.",
    )
    valid_days = forms.IntegerField(
        label="Valid for days", min_value=1, max_value=3650, initial=180
    )


class PracticeForm(forms.ModelForm):
    class Meta:
        model = Practice
        fields = ["name", "what", "parent", "position"]
        widgets = {"what": forms.Textarea(attrs={"rows": 2})}
        help_texts = {"position": "Lower ones come first."}

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
    stage = forms.ChoiceField(choices=Service.Lifecycle)
    reason = forms.CharField(
        max_length=300, required=False, help_text="Required only where the gate is not met."
    )
