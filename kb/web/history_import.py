"""The page that imports past incidents from files: a dry run, then one button."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from common.viewer import signed_in
from incidents.history_rows import DATE_ORDERS
from incidents.permissions import IMPORT_HISTORY
from incidents.web.shortcuts import add_errors, show_errors, submitted_text
from kb.import_runner import KnowledgeImportReport
from kb.importers import registry
from kb.uploaded_history import (
    MAX_BYTES,
    MAX_FILES,
    Upload,
    import_upload,
    problem_of,
    store_upload,
    take_upload,
)
from people.permissions import requires

SHOWN = 20
"""Names and reasons of each kind in the report."""


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name)


class _FilesField(forms.FileField):
    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> dict[str, bytes]:
        """Contents by name, read only once their sizes are known to be small."""
        given = [super(_FilesField, self).clean(each, initial) for each in data or [None]]
        if problem := problem_of((each.name, each.size) for each in given):
            raise ValidationError(problem)
        return {each.name: each.read() for each in given}


class HistoryForm(forms.Form):
    kind = forms.ChoiceField(label="What it is")
    file = _FilesField(
        label="Files",
        allow_empty_file=True,
        help_text=f"Up to {MAX_FILES} files and {MAX_BYTES // 2**20} MB at once. "
        "Of a folder choose a zip file.",
    )
    source = forms.CharField(
        required=False, max_length=50,
        help_text="Name of the origin. Records known from the same source are skipped. By "
        "default the name of the kind, as with the command.",
    )  # fmt: skip
    zone = forms.CharField(
        label="Time zone", required=False, max_length=60,
        help_text="Of times without an offset, such as Europe/Berlin; by default UTC.",
    )  # fmt: skip
    dates = forms.ChoiceField(
        label="Order of dates", required=False,
        choices=[("", "As the file shows it"), *((each, each) for each in DATE_ORDERS)],
        help_text="How 05/03/2026 is meant.",
    )  # fmt: skip
    mapping = forms.CharField(
        label="Columns", required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For heads that are not known: title=Headline, one a line.",
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["kind"]
        field.choices = [(kind, plugin.title) for kind, plugin in registry().items()]


@requires(IMPORT_HISTORY)
@require_http_methods(["GET", "POST"])
def history_import(request: HttpRequest) -> HttpResponse:
    if key := submitted_text(request, "stored"):
        return _import_stored(request, key)
    if request.method == "GET":
        return _page(request, HistoryForm())
    form = HistoryForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    data = dict(form.cleaned_data)
    upload = Upload(files=data.pop("file"), **data)
    try:
        report = import_upload(upload, dry_run=True)
    except ValidationError as error:
        add_errors(form, error)
        return _page(request, form, status=422)
    key = store_upload(upload, signed_in(request).pk) if report.new else ""
    again = HistoryForm(initial=form.cleaned_data)
    return _page(request, again, report=_shown(report), upload=upload, stored=key)


def _import_stored(request: HttpRequest, key: str) -> HttpResponse:
    upload = take_upload(key, signed_in(request).pk)
    if upload is None:
        messages.error(request, "These files are no longer here. Choose them again.")
        return redirect("kb:history-import")
    try:
        report = import_upload(upload, dry_run=False)
    except ValidationError as error:
        show_errors(request, error)
        return redirect("kb:history-import")
    for line in report.lines()[:2]:
        messages.success(request, line)
    return redirect("incidents:list")


def _page(request: HttpRequest, form: HistoryForm, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": form, "kinds": registry().values(), **more}
    return render(request, "kb/history/import.html", context, status=status)


def _shown(report: KnowledgeImportReport) -> dict[str, Any]:
    """What the page says of a dry run: of each list the beginning and how many more there are."""
    lists: dict[str, list[Any]] = {
        "titles": report.new,
        "skipped": report.skipped,
        "services": report.new_services,
        "causes": report.new_causes,
    }
    shown: dict[str, Any] = {name: each[:SHOWN] for name, each in lists.items()}
    shown["more"] = {name: max(len(each) - SHOWN, 0) for name, each in lists.items()}
    return {**shown, "lines": report.lines(dry_run=True), "skipped_count": len(report.skipped)}
