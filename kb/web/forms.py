from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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
        labels = {
            "name": _("Name"),
            "category": _("Category"),
            "what_happens": _("What happens"),
            "how_to_tell": _("How to recognise"),
            "how_to_fix": _("How to fix"),
            "runbook_url": _("Runbook"),
            "how_to_prevent": _("How to prevent"),
        }
        widgets = {
            name: forms.Textarea(attrs={"rows": 4})
            for name in ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
        }
        help_texts = {
            "name": _("What was changed, full, lost or expired? Not the symptom."),
            "what_happens": _("Markdown. New incidents are matched against it."),
            "how_to_tell": _("Markdown. New incidents are matched against it."),
            "how_to_fix": _("Markdown: steps and commands. Shown beside every suggestion."),
        }


class References(forms.CharField):
    """Incidents by their references, such as INC-12, INC-15, of those `user` may see."""

    user: Viewer = Nobody()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Incidents"))
        kwargs.setdefault("help_text", _("References, such as INC-12, INC-15."))
        super().__init__(max_length=2000, **kwargs)

    def clean(self, value: Any) -> list[Incident]:
        incidents: dict[int, Incident] = {}
        for word in super().clean(value).replace(",", " ").split():
            found = by_reference(visible_incidents(self.user), word)
            if found is None:
                raise forms.ValidationError(
                    _("There is no incident %(reference)s."), params={"reference": word}
                )
            incidents[found.pk] = found
        return list(incidents.values())


class StartForm(forms.Form):
    """The incidents and the template of a new postmortem."""

    references = References()
    template = forms.ModelChoiceField(
        PostmortemTemplate.objects.all(),
        label=_("Template"),
        required=False,
        empty_label=_("The one for the worst severity"),
        help_text=_("Timeline, impact, changes, causes and charts are filled in."),
    )

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("References", self.fields["references"]).user = user


class EditorForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=300)
    references = References()
    body = forms.CharField(
        label=_("Text"),
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "true"}),
        help_text=_(
            "Markdown. INC-42 becomes a link, @name notifies that person, pictures can be pasted."
        ),
    )
    base_version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("References", self.fields["references"]).user = user


class ActionForm(forms.ModelForm):
    owner = forms.ModelChoiceField(
        get_user_model().objects.filter(is_active=True).order_by("username"),
        label=_("Owner"),
        required=False,
    )
    due_on = forms.DateField(
        label=_("Due"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = ActionItem
        fields = ["title", "kind", "owner", "due_on", "cause", "tracker_url", "state"]
        labels = {
            "title": _("Title"),
            "kind": _("Kind"),
            "cause": _("Cause"),
            "state": pgettext_lazy("action item", "State"),
        }

    def __init__(self, *args: Any, postmortem: Postmortem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        causes = Cause.objects.filter(links__incident__in=postmortem.incidents.all())
        field = cast("forms.ModelChoiceField[Cause]", self.fields["cause"])
        field.queryset = causes.exclude(links__state="rejected").distinct()
        field.help_text = _("The cause that it prevents; shown when that cause comes back.")
        if not self.instance.pk:
            del self.fields["state"]


class IssueForm(forms.Form):
    tracker = forms.ModelChoiceField(
        Tracker.objects.filter(enabled=True), label=_("Tracker"), empty_label=None
    )
    reference = forms.CharField(
        label=_("Existing issue"),
        required=False,
        max_length=500,
        help_text=_("Its key or address. Empty to create a new one."),
    )


class ReviewersForm(forms.Form):
    reviewers = forms.ModelMultipleChoiceField(
        get_user_model().objects.filter(is_active=True).order_by("username"),
        label=_("Reviewers"),
    )


class CategoryForm(forms.ModelForm):
    class Meta:
        model = Category
        fields = ["name", "slug", "position"]
        labels = {"name": _("Name"), "slug": _("Slug"), "position": _("Position")}
        help_texts = {"slug": _("In addresses and files."), "position": _("Lower ones come first.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            # Causes refer to it.
            del self.fields["slug"]


class TemplateForm(forms.ModelForm):
    severities = forms.MultipleChoiceField(
        choices=Incident.Severity.choices, required=False, widget=forms.CheckboxSelectMultiple,
        label=_("Severities"), help_text=_("Offered first for these; none means for all others."),
    )  # fmt: skip

    class Meta:
        model = PostmortemTemplate
        fields = ["name", "severities", "body"]
        labels = {"name": _("Name"), "body": _("Body")}
        widgets = {"body": forms.Textarea(attrs={"rows": 24})}
        help_texts = {
            "body": _(
                "Markdown. {summary}, {impact}, {causes}, {changes}, {evidence}, {resolution} "
                "and {timeline} are filled in."
            )
        }
