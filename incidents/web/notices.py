"""The page of notices and their number in the header."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from common.viewer import signed_in
from incidents.events.notices import count_unread, visible_notices
from incidents.models import Notice


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    rows = visible_notices(signed_in(request))
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "incidents/notices/list.html", {"page": page})


@require_GET
def badge(request: HttpRequest) -> HttpResponse:
    """The link of the header with its number, for pages that stay open."""
    return render(request, "incidents/notices/_badge.html")


@require_POST
def notice_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a notice as read and go to its page."""
    notice = get_object_or_404(visible_notices(signed_in(request)), pk=pk)
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=timezone.now())
    safe = url_has_allowed_host_and_scheme(notice.path, allowed_hosts=None)
    return redirect(notice.path if safe else "incidents:notices")


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    Notice.objects.filter(user=signed_in(request), read_at=None).update(read_at=timezone.now())
    return redirect("incidents:notices")


def unread(request: HttpRequest) -> dict[str, Any]:
    """For every page: the number of unread notices, counted only if a template shows it."""

    def count() -> int:
        user = request.user
        return count_unread(user) if user.is_authenticated else 0

    return {"unread_notices": count}
