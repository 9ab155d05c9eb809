"""Resolve an incident: a dialog on its page, and a page of its own without scripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from analysis.presentation.resolve_offers import ResolveOffers, resolve_offers
from common.viewer import signed_in
from incidents.models import Incident
from incidents.permissions import EDIT_INCIDENTS
from incidents.undoing import current_version
from incidents.web.forms.custom_fields import NeededFieldsForm
from incidents.web.forms.incidents import time_field
from incidents.web.responders import names_of_people
from incidents.web.shortcuts import add_errors, get_incident, submitted_key, succeeds
from incidents.web.toasts import show_toast, submitted_versions, undo_of
from kb.models import Cause
from kb.permissions import LINK_CAUSES, WRITE_POSTMORTEMS, visible_causes
from kb.resolving import FormerLink, former_link, resolve_incident, undo_resolve
from people.permissions import may, requires


class ResolveForm(forms.Form):
    """What fixed it, the cause and the times; `offers` says what there is to choose from."""

    NOW, OFFERED = "now", "offered"

    as_last_time = forms.BooleanField(required=False)
    fix = forms.CharField(
        label=_("What fixed it"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    cause = forms.ChoiceField(required=False)
    ended = forms.ChoiceField(required=False)
    ended_at = time_field(label=_("Ended at"))
    earlier_start = forms.BooleanField(required=False)
    postmortem = forms.BooleanField(label=_("Write a postmortem next"), required=False)

    def __init__(self, data: Any, offers: ResolveOffers) -> None:
        super().__init__(data, initial={"ended": self.NOW, "postmortem": offers.postmortem_due})
        self.offers = offers
        causes: Any = self.fields["cause"]
        causes.choices = [("", "")] + [(each.cause.pk, str(each.cause)) for each in offers.likely]
        ended: Any = self.fields["ended"]
        ended.choices = [(each, each) for each in (self.NOW, self.OFFERED)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        parts = [data.get("fix", "").strip()]
        if data.get("as_last_time") and self.offers.fix:
            parts.insert(0, self.offers.fix.text.strip())
        data["resolution"] = "\n\n".join(part for part in parts if part)
        if not data["resolution"] and "without_fix" not in self.data and not self.errors:
            self.add_error("fix", _("Say what fixed it, or resolve without saying it."))
        return data

    def resolved_at(self) -> datetime | None:
        """None means now."""
        if self.cleaned_data["ended_at"]:
            return self.cleaned_data["ended_at"]
        offered = self.offers.end if self.cleaned_data["ended"] == self.OFFERED else None
        return offered.at if offered else None

    def impact_started_at(self) -> datetime | None:
        """None leaves it as it is."""
        offered = self.offers.start
        return offered.at if offered and self.cleaned_data["earlier_start"] else None


@requires(EDIT_INCIDENTS)
@require_http_methods(["GET", "POST"])
def resolve(request: HttpRequest, incident: int) -> HttpResponse:
    subject = get_incident(request, incident)
    offers = resolve_offers(subject, request.user)
    if not may(request.user, LINK_CAUSES):
        offers.likely = []
    form = ResolveForm(request.POST if request.method == "POST" else None, offers)
    needed = NeededFieldsForm(request.POST if request.method == "POST" else None, subject)
    if request.method == "POST" and form.is_valid() and needed.is_valid():
        response = _resolve(request, subject, form, needed)
        if response is not None:
            return response
    people = names_of_people() if needed.names_people else []
    context = {
        "incident": subject, "form": form, "needed": needed, "people": people, "offers": offers,
        "now": timezone.now(),
    }  # fmt: skip
    part = "HX-Request" in request.headers and request.method == "GET"
    template = "analysis/resolving/_form.html" if part else "analysis/resolving/page.html"
    return render(request, template, context, status=422 if form.errors or needed.errors else 200)


def _resolve(
    request: HttpRequest, incident: Incident, form: ResolveForm, needed: NeededFieldsForm
) -> HttpResponse | None:
    """Resolve as the form says; None where a rule refuses, which the form shows."""
    author, before = signed_in(request), current_version(incident)
    key = submitted_key(form.cleaned_data["cause"])
    cause = visible_causes(author).filter(pk=key).first() if key else None
    former = former_link(incident, cause) if cause else FormerLink("", "")
    try:
        resolve_incident(
            incident,
            author,
            fix=form.cleaned_data["resolution"],
            cause=cause,
            resolved_at=form.resolved_at(),
            impact_started_at=form.impact_started_at(),
            custom_fields=needed.taken_custom_fields(),
        )
    except ValidationError as error:
        _add_errors(form, needed, error)
        return None
    fields: dict[str, str | int] = {}
    if cause is not None:
        fields = {"cause": cause.pk, "state": former.state, "role": former.role}
    address = reverse("analysis:undo-resolve", args=[incident.pk])
    show_toast(request, _("Resolved."), undo_of(incident, before, address, fields))
    if form.cleaned_data["postmortem"] and may(author, WRITE_POSTMORTEMS):
        query = urlencode({"incident": incident.reference})
        return redirect(f"{reverse('kb:postmortem-new')}?{query}")
    return redirect(incident)


def _add_errors(form: ResolveForm, needed: NeededFieldsForm, error: ValidationError) -> None:
    """Each at its form: a custom field may be called like a field of the other one."""
    errors = getattr(error, "error_dict", {})
    of_needed = {name: errors.pop(name) for name in needed.custom_names if name in errors}
    if of_needed:
        add_errors(needed, ValidationError(of_needed))
    if errors or not of_needed:
        add_errors(form, error)


@requires(EDIT_INCIDENTS)
@require_POST
def undo(request: HttpRequest, incident: int) -> HttpResponse:
    """Take back that an incident was resolved, and that its cause was confirmed with it."""
    subject, author = get_incident(request, incident), signed_in(request)
    before, after = submitted_versions(request)
    cause: Cause | None = None
    if request.POST.get("cause") and may(author, LINK_CAUSES):
        key = submitted_key(request.POST["cause"])
        cause = visible_causes(author).filter(pk=key).first()
    former = FormerLink(request.POST.get("state", ""), request.POST.get("role", ""))
    if succeeds(request, lambda: undo_resolve(subject, before, after, author, cause, former)):
        show_toast(request, _("Undone."))
    return redirect(subject)
