"""Forms with a text or a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.file_import import MAX_BYTES
from common.text_files import decoded


class TextOrFileForm(forms.Form):
    """A file, or its pasted text."""

    max_bytes = MAX_BYTES

    file = forms.FileField(label=_("File"), required=False)
    content = forms.CharField(
        label=_("Or paste it"), required=False, widget=forms.Textarea(attrs={"rows": 12})
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("file"):
            if data["file"].size > self.max_bytes:
                megabytes = self.max_bytes // 1024**2
                raise forms.ValidationError(
                    {
                        "file": forms.ValidationError(
                            _("A file has up to %(most)s MB."), params={"most": megabytes}
                        )
                    }
                )
            data["content"] = decoded(data["file"].read())
        if not (data.get("content") or "").strip():
            raise forms.ValidationError(_("Choose a file, or paste its text."))
        return data


class KindOfFileForm(TextOrFileForm):
    """A file and its kind, one of `kinds`."""

    kind = forms.ChoiceField(label=_("What it is"))
    field_order = ["kind", "file", "content"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["kind"]
        field.choices = self.kinds()

    def kinds(self) -> list[tuple[str, str]]:
        raise NotImplementedError
