"""Pages of the targets to which postmortems are copied, and the button that copies one."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from incidents.web.shortcuts import act_and_redirect, submitted_key
from kb.models import PublishTarget
from kb.permissions import MANAGE_TARGETS, PUBLISH_POSTMORTEMS, visible_postmortems
from kb.publishers import registry
from kb.publishing import copying
from kb.web.connections import RemoteConnections
from people.permissions import requires

TARGETS = RemoteConnections(
    PublishTarget,
    noun="target",
    title=_("Targets of postmortems"),
    name_taken=_("Give it a name that no other target has."),
    listed="kb:targets",
    kinds=registry,
    saved=copying.settings_changed,
    probe=copying.probe,
    unreadable=copying.UNREADABLE,
    done=_("{name} is saved. Probe it to see if it answers."),
)


@requires(MANAGE_TARGETS)
@require_GET
def target_list(request: HttpRequest) -> HttpResponse:
    return TARGETS.list_page(request, "kb/targets/list.html")


@requires(MANAGE_TARGETS)
@require_http_methods(["GET", "POST"])
def target_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    return TARGETS.form_page(request, pk, kind)


@requires(MANAGE_TARGETS)
@require_GET
def target_page(request: HttpRequest, pk: int) -> HttpResponse:
    row, plugin = TARGETS.row_and_plugin(request, pk)
    copies = row.copies.filter(postmortem__in=visible_postmortems(request.user).values("pk"))
    paginator = Paginator(copies.select_related("postmortem").order_by("-pk"), 20)
    page = paginator.get_page(request.GET.get("page"))
    context = {"row": row, "plugin": plugin, "page": page}
    return render(request, "kb/targets/detail.html", context)


@requires(MANAGE_TARGETS)
@require_POST
def target_probe(request: HttpRequest, pk: int) -> HttpResponse:
    return TARGETS.probe_page(request, pk)


@requires(PUBLISH_POSTMORTEMS)
@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_object_or_404(visible_postmortems(request.user), pk=pk)
    target = get_object_or_404(PublishTarget, pk=submitted_key(request.POST.get("target", "")))
    return act_and_redirect(
        request, postmortem, lambda: copying.copy_postmortem(postmortem, target),
        _("It is copied in a moment."),
    )  # fmt: skip
