"""Pages of code hosts, where load tests are published."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kb.web.connections import RemoteConnections
from people.permissions import requires
from practice.code_hosts import registry
from practice.models import CodeHost
from practice.permissions import MANAGE_CODE_HOSTS
from practice.records import code_hosts

HOSTS = RemoteConnections(
    CodeHost,
    noun="code host",
    title="Code hosts",
    name_taken=_("Give it a name that no other code host has."),
    listed="practice:code-hosts",
    kinds=registry,
    saved=code_hosts.settings_changed,
    probe=code_hosts.probe,
    unreadable=code_hosts.UNREADABLE,
    done=_("{name} is saved. Probe it to see if it answers."),
)


@requires(MANAGE_CODE_HOSTS)
@require_GET
def host_list(request: HttpRequest) -> HttpResponse:
    return HOSTS.list_page(request, "practice/code_hosts/list.html")


@requires(MANAGE_CODE_HOSTS)
@require_http_methods(["GET", "POST"])
def host_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    return HOSTS.form_page(request, pk, kind)


@requires(MANAGE_CODE_HOSTS)
@require_GET
def host_page(request: HttpRequest, pk: int) -> HttpResponse:
    row, plugin = HOSTS.row_and_plugin(request, pk)
    rows = row.publications.select_related("test__service").order_by("-pk")
    context = {
        "row": row,
        "plugin": plugin,
        "repositories": row.settings.get("repositories", "").splitlines(),
        "page": Paginator(rows, 20).get_page(request.GET.get("page")),
    }
    return render(request, "practice/code_hosts/detail.html", context)


@requires(MANAGE_CODE_HOSTS)
@require_POST
def host_probe(request: HttpRequest, pk: int) -> HttpResponse:
    return HOSTS.probe_page(request, pk)
