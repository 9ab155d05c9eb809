from __future__ import annotations

from typing import Any

from django import forms

from incidents.permissions import visible_incidents
from incidents.search import by_reference
from kb.models import Cause, Postmortem


class CauseForm(forms.ModelForm):
    class Meta:
        model = Cause
        fields = [
            "name", "category", "what_happens", "how_to_tell", "how_to_fix", "how_to_prevent",
        ]  # fmt: skip
        widgets = {
            name: forms.Textarea(attrs={"rows": 4})
            for name in ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
        }
        help_texts = {
            "name": "What was changed, full, lost or expired? Not the symptom.",
            "what_happens": "Markdown. New incidents are matched against it.",
            "how_to_tell": "Markdown. New incidents are matched against it.",
            "how_to_fix": "Markdown. Shown beside every suggestion.",
        }


class PostmortemForm(forms.ModelForm):
    """`references` names the incidents it covers, as INC-1, INC-2."""

    references = forms.CharField(label="Incidents", help_text="References, such as INC-12, INC-15.")

    class Meta:
        model = Postmortem
        fields = ["title", "references", "state", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 24})}
        help_texts = {"body": "Markdown. INC-42 becomes a link."}

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if self.instance.pk and not self.is_bound:
            incidents = self.instance.incidents.order_by("pk")
            self.initial["references"] = ", ".join(row.reference for row in incidents)

    def clean_references(self) -> list[Any]:
        words = self.cleaned_data["references"].replace(",", " ").split()
        incidents = []
        for word in words:
            found = by_reference(visible_incidents(self.user), word)
            if found is None:
                raise forms.ValidationError(f"There is no incident {word}.")
            incidents.append(found)
        return incidents
