"""New and bursting log lines outside incidents, and which sources are watched for them."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from analysis.evidence.log_watch import watchable
from analysis.models import LogWatch, Source
from analysis.permissions import MANAGE_SOURCES
from analysis.presentation.log_signs import SHOWN_DAYS, signs_by_service, watched_sources
from people.permissions import requires


class LogWatchForm(forms.ModelForm):
    class Meta:
        model = LogWatch
        fields = ["enabled", "opens"]


@require_GET
def log_signs(request: HttpRequest) -> HttpResponse:
    context = {
        "groups": signs_by_service(request.user),
        "sources": watched_sources(),
        "days": SHOWN_DAYS,
    }
    return render(request, "analysis/log_signs/list.html", context)


@requires(MANAGE_SOURCES)
@require_http_methods(["GET", "POST"])
def log_watch(request: HttpRequest, source: int) -> HttpResponse:
    row = get_object_or_404(Source, pk=source)
    watch = LogWatch.objects.filter(source=row).first() or LogWatch(source=row)
    form = LogWatchForm(request.POST or None, instance=watch)
    if request.method == "POST" and form.is_valid() and watchable(row):
        form.save()
        messages.success(request, _("Saved."))
        return redirect("analysis:log-signs")
    context = {"form": form, "source": row, "watchable": watchable(row)}
    status = 422 if request.method == "POST" else 200
    return render(request, "analysis/log_signs/watch.html", context, status=status)
