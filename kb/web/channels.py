"""Pages of rules that open channels for incidents, and of those channels."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from kb.channels import syncing
from kb.channels.listing import shown_channels
from kb.channels.rules import check_rule
from kb.models import ChannelRule
from kb.permissions import MANAGE_WORKSPACES
from kb.web.workspace_rules import RulePage
from people.permissions import requires


class ChannelRuleForm(forms.ModelForm):
    class Meta:
        model = ChannelRule
        fields = [
            "severity", "service", "team", "private_incidents", "name_pattern", "invite_on_call",
            "archive_after_days", "name",
        ]  # fmt: skip


RULE_PAGE = RulePage(
    ChannelRuleForm, check_rule, "kb/chat/channel_rule_form.html", _("Open channels by rule")
)


@requires(MANAGE_WORKSPACES)
@require_http_methods(["GET", "POST"])
def rule_form(request: HttpRequest, pk: int, rule: int | None = None) -> HttpResponse:
    return RULE_PAGE.respond(request, pk, rule)


@requires(MANAGE_WORKSPACES)
@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(shown_channels(request.user).select_related("workspace"), pk=pk)
    syncing.try_again(channel)
    messages.success(request, _("It is tried again in a moment."))
    return redirect(channel.workspace)
