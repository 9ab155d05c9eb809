"""Pages of trackers, and of the issues of action items."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.site_url import public_url
from incidents.web.shortcuts import act_and_redirect, show_form_errors
from kb.models import ActionItem, TrackedIssue, Tracker
from kb.permissions import EDIT_ACTIONS, MANAGE_TRACKERS, visible_actions
from kb.trackers import registry
from kb.tracking import linking
from kb.web.connections import RemoteConnections
from kb.web.forms import IssueForm
from people.permissions import requires

TRACKERS = RemoteConnections(
    Tracker,
    noun="tracker",
    title=_("Trackers"),
    name_taken=_("Give it a name that no other tracker has."),
    listed="kb:trackers",
    kinds=registry,
    saved=linking.settings_changed,
    probe=linking.probe,
    unreadable=linking.UNREADABLE,
    done=_("{name} is saved. Probe it to see if it answers."),
)


@requires(MANAGE_TRACKERS)
@require_GET
def tracker_list(request: HttpRequest) -> HttpResponse:
    return TRACKERS.list_page(request, "kb/trackers/list.html")


@requires(MANAGE_TRACKERS)
@require_http_methods(["GET", "POST"])
def tracker_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    return TRACKERS.form_page(request, pk, kind)


@requires(MANAGE_TRACKERS)
@require_GET
def tracker_page(request: HttpRequest, pk: int) -> HttpResponse:
    row, plugin = TRACKERS.row_and_plugin(request, pk)
    issues = row.issues.filter(action__in=visible_actions(request.user))
    paginator = Paginator(issues.select_related("action").order_by("-pk"), 20)
    context = {
        "row": row,
        "plugin": plugin,
        "address": f"{public_url()}/trackers/{row.slug}/",
        "page": paginator.get_page(request.GET.get("page")),
    }
    return render(request, "kb/trackers/detail.html", context)


@requires(MANAGE_TRACKERS)
@require_POST
def tracker_probe(request: HttpRequest, pk: int) -> HttpResponse:
    return TRACKERS.probe_page(request, pk)


def _action(request: HttpRequest, pk: int) -> ActionItem:
    return get_object_or_404(visible_actions(request.user), pk=pk)


def _issue(request: HttpRequest, pk: int) -> TrackedIssue:
    rows = TrackedIssue.objects.filter(action__in=visible_actions(request.user))
    return get_object_or_404(rows.select_related("action"), action=pk)


def _page_of(pk: int) -> str:
    return reverse("kb:action", args=[pk])


@requires(EDIT_ACTIONS)
@require_POST
def issue_link(request: HttpRequest, pk: int) -> HttpResponse:
    action, form = _action(request, pk), IssueForm(request.POST)
    if not form.is_valid():
        show_form_errors(request, form)
        return redirect("kb:action", pk)
    tracker, reference = form.cleaned_data["tracker"], form.cleaned_data["reference"]
    done = _("A worker links it in a moment.") if reference else _("It is created in a moment.")
    return act_and_redirect(
        request, _page_of(pk), lambda: linking.link_issue(action, tracker, reference), done
    )


@requires(EDIT_ACTIONS)
@require_POST
def issue_unlink(request: HttpRequest, pk: int) -> HttpResponse:
    issue = _issue(request, pk)
    return act_and_redirect(
        request, _page_of(pk), lambda: linking.unlink_issue(issue),
        _("Unlinked. The issue itself stays as it is."),
    )  # fmt: skip


@requires(EDIT_ACTIONS)
@require_POST
def issue_sync(request: HttpRequest, pk: int) -> HttpResponse:
    issue = _issue(request, pk)
    return act_and_redirect(
        request, _page_of(pk), lambda: linking.bring_in_step(issue), _("It is tried in a moment.")
    )
