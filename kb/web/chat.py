"""Pages of chat: workspaces, notification rules and deliveries, linked accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.plugin_settings import PluginSettings
from common.site_url import public_url
from common.viewer import signed_in
from incidents.events.outbox import KINDS
from kb import notifications, on_call
from kb.channel_hosts import registry as channel_hosts
from kb.channels import syncing
from kb.channels.listing import shown_channels
from kb.chat import registry
from kb.chatops import endpoints
from kb.models import ChatCode, ChatPerson, NotificationRule, Workspace
from kb.permissions import MANAGE_WORKSPACES
from kb.web.connections import Connections
from kb.web.workspace_rules import RulePage
from people.permissions import requires

MOST_PEOPLE, MOST_CHANNELS = 100, 20
ENTER_AGAIN = _(
    "The secrets of this workspace cannot be read with this SECRET_KEY: enter them again."
)


def _saved(row: Workspace) -> None:
    endpoints.forget_workspace(row.slug)
    syncing.settings_changed(row)


WORKSPACES = Connections(
    Workspace,
    noun="workspace",
    title=_("Chat"),
    name_taken=_("Give it a name that no other workspace has."),
    listed="kb:workspaces",
    kinds=registry,
    saved=_saved,
    done=_("{name} is saved."),
)


@requires(MANAGE_WORKSPACES)
@require_GET
def workspace_list(request: HttpRequest) -> HttpResponse:
    return WORKSPACES.list_page(request, "kb/chat/workspaces.html")


@requires(MANAGE_WORKSPACES)
@require_http_methods(["GET", "POST"])
def workspace_form(request: HttpRequest, pk: int | None = None, kind: str = "") -> HttpResponse:
    return WORKSPACES.form_page(request, pk, kind)


@requires(MANAGE_WORKSPACES)
@require_GET
def workspace_page(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Workspace, pk=pk)
    deliveries = notifications.shown_deliveries(request.user).filter(rule__workspace=row)
    paginator = Paginator(deliveries.select_related("event", "rule"), 20)
    plugin = registry().get(row.kind)
    if plugin and PluginSettings(plugin.SettingsForm, row).unreadable:
        messages.warning(request, ENTER_AGAIN)
    context = {
        "row": row,
        "plugin": plugin,
        "problem": on_call.problem_of(row),
        "address": f"{public_url()}/chat/{row.slug}/",
        "rules": [
            (r, [KINDS.get(kind, kind) for kind in r.events]) for r in row.notification_rules.all()
        ],
        "has_channels": row.kind in channel_hosts(),
        "channel_rules": row.channel_rules.select_related("service", "team"),
        "channels": shown_channels(request.user)
        .filter(workspace=row)
        .select_related("incident")[:MOST_CHANNELS],
        "people": row.people.select_related("user").order_by("user__username")[:MOST_PEOPLE],
        "people_count": row.people.count(),
        "page": paginator.get_page(request.GET.get("page")),
    }
    return render(request, "kb/chat/workspace.html", context)


class NotificationRuleForm(forms.ModelForm):
    events = forms.MultipleChoiceField(
        choices=list(KINDS.items()), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = NotificationRule
        fields = [
            "channel", "events", "severity", "team", "quiet_from", "quiet_until", "zone",
            "sev1_breaks_quiet", "name",
        ]  # fmt: skip
        labels = {
            "channel": _("Channel"),
            "severity": _("Severity"),
            "team": _("Team"),
            "quiet_from": _("Quiet from"),
            "quiet_until": _("Quiet until"),
            "zone": _("Zone"),
        }
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}),
        }


RULE_PAGE = RulePage(
    NotificationRuleForm, notifications.check_rule, "kb/chat/rule_form.html", _("Notify a channel")
)


@requires(MANAGE_WORKSPACES)
@require_http_methods(["GET", "POST"])
def rule_form(request: HttpRequest, pk: int, rule: int | None = None) -> HttpResponse:
    return RULE_PAGE.respond(request, pk, rule)


@requires(MANAGE_WORKSPACES)
@require_POST
def delivery_replay(request: HttpRequest, pk: int) -> HttpResponse:
    rows = notifications.shown_deliveries(request.user).select_related("rule__workspace")
    delivery = get_object_or_404(rows, pk=pk)
    notifications.deliver_again(delivery)
    messages.success(request, _("It will be delivered again in a moment."))
    return redirect(delivery.rule.workspace)


@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """The linked chat accounts of the user, and a code to link another one."""
    context: dict[str, Any] = {"code": ""}
    if request.method == "POST":
        context["code"] = ChatCode.make(signed_in(request))
    people = ChatPerson.objects.filter(user=signed_in(request)).select_related("workspace")
    return render(request, "kb/chat/account.html", {**context, "people": people})


@require_POST
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(ChatPerson, pk=pk, user=signed_in(request)).delete()
    return redirect("kb:chat-me")
