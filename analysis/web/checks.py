"""Checks of a cause: edited on its page, run from an incident's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from analysis import tasks
from analysis.evidence import checks
from analysis.models import Source
from analysis.permissions import PULL_EVIDENCE
from analysis.web.suggestions import suggestions
from incidents.web.shortcuts import get_incident
from kb.models import Cause, Check
from kb.permissions import EDIT_CAUSES, visible_causes
from people import audit
from people.permissions import requires


class CheckForm(forms.ModelForm):
    source = forms.ChoiceField(label=_("Source"))

    class Meta:
        model = Check
        fields = ["name", "source", "query", "statistic", "comparison", "threshold"]
        widgets = {"query": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})}
        help_texts = {"query": _("In the source's language; $service is the incident's service.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Source.objects.values_list("name", flat=True)
        source: Any = self.fields["source"]
        source.choices = [(name, name) for name in names]


@requires(EDIT_CAUSES, "POST")
@require_http_methods(["GET", "POST"])
def cause_checks(request: HttpRequest, cause: int) -> HttpResponse:
    """The checks panel of a cause's page; posting adds one."""
    subject = audit.record_reading(get_object_or_404(visible_causes(request.user), pk=cause))
    form = CheckForm(request.POST or None, instance=Check(cause=subject))
    status = 200
    if request.method == "POST":
        if form.is_valid():
            form.save()
            form = CheckForm()
        else:
            status = 422
    return _panel(request, subject, form, status)


@requires(EDIT_CAUSES)
@require_POST
def remove_check(request: HttpRequest, pk: int) -> HttpResponse:
    check = get_object_or_404(Check, pk=pk, cause__in=visible_causes(request.user))
    check.delete()
    return _panel(request, check.cause, CheckForm(), 200)


def _panel(request: HttpRequest, cause: Cause, form: CheckForm, status: int) -> HttpResponse:
    context = {"cause": cause, "checks": cause.checks.all(), "form": form}
    return render(request, "analysis/checks/_of_cause.html", context, status=status)


@requires(PULL_EVIDENCE)
@require_POST
def run_checks(request: HttpRequest, incident: int, cause: int) -> HttpResponse:
    """Run a cause's checks for an incident, also again; returns the suggestions."""
    subject = get_incident(request, incident)
    get_object_or_404(visible_causes(request.user), pk=cause)
    tasks.enqueue_checks(checks.plan_checks(subject, [cause], again=True))
    request.method = "GET"
    return suggestions(request, incident)
