from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth import get_user_model

from common.viewer import Nobody, Viewer
from incidents.models import Incident
from incidents.permissions import visible_incidents
from incidents.search.filters import by_reference
from kb.models import ActionItem, Category, Cause, Postmortem, PostmortemTemplate, Tracker


class CauseForm(forms.ModelForm):
    class Meta:
        model = Cause
        fields = [
            "name", "category", "what_happens", "how_to_tell", "how_to_fix", "runbook_url",
            "how_to_prevent",
        ]  # fmt: skip
        labels = {"how_to_tell": "How to recognise"}
        widgets = {
            name: forms.Textarea(attrs={"rows": 4})
            for name in ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
        }
        help_texts = {
            "name": "What was changed, full, lost or expired? Not the symptom.",
            "what_happens": "Markdown. New incidents are matched against it.",
            "how_to_tell": "Markdown. New incidents are matched against it.",
            "how_to_fix": "Markdown: steps and commands. Shown beside every suggestion.",
        }


class References(forms.CharField):
    """Incidents by their references, such as INC-12, INC-15, of those `user` may see."""

    user: Viewer = Nobody()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Incidents")
        kwargs.setdefault("help_text", "References, such as INC-12, INC-15.")
        super().__init__(max_length=2000, **kwargs)

    def clean(self, value: Any) -> list[Incident]:
        incidents: dict[int, Incident] = {}
        for word in super().clean(value).replace(",", " ").split():
            found = by_reference(visible_incidents(self.user), word)
            if found is None:
                raise forms.ValidationError(f"There is no incident {word}.")
            incidents[found.pk] = found
        return list(incidents.values())


class StartForm(forms.Form):
    """The incidents and the template of a new postmortem."""

    references = References()
    template = forms.ModelChoiceField(
        PostmortemTemplate.objects.all(),
        required=False,
        empty_label="The one for the worst severity",
        help_text="Timeline, impact, changes, causes and charts are filled in.",
    )

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("References", self.fields["references"]).user = user


class EditorForm(forms.Form):
    title = forms.CharField(max_length=300)
    references = References()
    body = forms.CharField(
        label="Text",
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "true"}),
        help_text="Markdown. INC-42 becomes a link, @name notifies that person, "
        "pictures can be pasted.",
    )
    base_version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("References", self.fields["references"]).user = user


class ActionForm(forms.ModelForm):
    owner = forms.ModelChoiceField(
        get_user_model().objects.filter(is_active=True).order_by("username"), required=False
    )
    due_on = forms.DateField(
        label="Due", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = ActionItem
        fields = ["title", "kind", "owner", "due_on", "cause", "tracker_url", "state"]

    def __init__(self, *args: Any, postmortem: Postmortem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        causes = Cause.objects.filter(links__incident__in=postmortem.incidents.all())
        field = cast("forms.ModelChoiceField[Cause]", self.fields["cause"])
        field.queryset = causes.exclude(links__state="rejected").distinct()
        field.help_text = "The cause that it prevents; shown when that cause comes back."
        if not self.instance.pk:
            del self.fields["state"]


class IssueForm(forms.Form):
    tracker = forms.ModelChoiceField(Tracker.objects.filter(enabled=True), empty_label=None)
    reference = forms.CharField(
        label="Existing issue",
        required=False,
        max_length=500,
        help_text="Its key or address. Empty to create a new one.",
    )


class ReviewersForm(forms.Form):
    reviewers = forms.ModelMultipleChoiceField(
        get_user_model().objects.filter(is_active=True).order_by("username"),
        label="Reviewers",
    )


class CategoryForm(forms.ModelForm):
    class Meta:
        model = Category
        fields = ["name", "slug", "position"]
        help_texts = {"slug": "In addresses and files.", "position": "Lower ones come first."}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            # Causes refer to it.
            del self.fields["slug"]


class TemplateForm(forms.ModelForm):
    severities = forms.MultipleChoiceField(
        choices=Incident.Severity.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Offered first for these; none means for all others.",
    )  # fmt: skip

    class Meta:
        model = PostmortemTemplate
        fields = ["name", "severities", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 24})}
        help_texts = {
            "body": "Markdown. {summary}, {impact}, {causes}, {changes}, {evidence}, {resolution} "
            "and {timeline} are filled in."
        }
