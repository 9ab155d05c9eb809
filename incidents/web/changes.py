"""A person says whether a change counts as one of production."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.viewer import signed_in
from incidents.intake.changes import choose
from incidents.models import Change
from incidents.permissions import REPORT_CHANGES, visible_incidents
from incidents.web.shortcuts import act_and_redirect, submitted_key
from people.permissions import requires


@requires(REPORT_CHANGES)
@require_POST
def change_counts(request: HttpRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(Change.objects.select_related("service"), pk=pk)
    counts = request.POST.get("counts") == "yes"
    shown_at = submitted_key(request.POST.get("incident", ""))
    incident = visible_incidents(request.user).filter(pk=shown_at).first()
    back = incident.get_absolute_url() if incident else change.service.get_absolute_url()
    person = str(signed_in(request))
    return act_and_redirect(request, back, lambda: choose(change, counts, person), _("Saved."))
