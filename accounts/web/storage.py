"""The page of what is stored, how it grows, and what becomes of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.storage.forecast import storage_for
from common.viewer import signed_in
from people.permissions import SEE_STORAGE, requires


@requires(SEE_STORAGE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    context = {"storage": storage_for(signed_in(request))}
    return render(request, "accounts/storage/page.html", context)
