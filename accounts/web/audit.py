"""The page of the audit log, and its export."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.audit_log import listing
from common.language import in_english
from common.viewer import signed_in
from incidents.web.shortcuts import submitted_key
from people.models import AuditEntry
from people.permissions import READ_AUDIT_LOG, requires

PAGE = 50
RECORD_PAGES = {
    "incidents.incident": "incidents:incident",
    "incidents.service": "incidents:service",
    "kb.cause": "kb:cause",
    "kb.postmortem": "kb:postmortem",
    "auth.user": "accounts:person",
    "people.team": "accounts:team",
}


def _page_of(entry: AuditEntry) -> str:
    """The address of the record; empty for records without a page, and for deleted ones."""
    name = RECORD_PAGES.get(entry.record_type)
    if name is None or entry.event.endswith(".deleted") or not entry.record_id.isdigit():
        return ""
    return reverse(name, args=[entry.record_id])


@requires(READ_AUDIT_LOG)
@require_GET
def entry_list(request: HttpRequest) -> HttpResponse:
    given = {name: request.GET.get(name, "") for name in listing.FILTERS}
    rows = listing.filtered(listing.entries_for(signed_in(request)), given)
    if before := submitted_key(request.GET.get("before", "")):
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    chosen = {name: value for name, value in given.items() if value}
    for entry in shown:
        entry.page = _page_of(entry)  # type: ignore[attr-defined]
    context = {
        "entries": shown,
        "given": given,
        "chosen": urlencode(chosen),
        "interfaces": [(each, each) for each in listing.INTERFACES],
        "older": urlencode({**chosen, "before": shown[-1].pk}) if len(found) > PAGE else "",
    }
    return render(request, "accounts/audit/list.html", context)


@requires(READ_AUDIT_LOG)
@require_GET
@in_english()
def export(request: HttpRequest) -> Any:
    lines = listing.export(signed_in(request), request.GET.dict())
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
    name = f"audit-{timezone.now():%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
