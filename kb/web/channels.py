"""Pages of rules that open channels for incidents, and of those channels."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from incidents.web.shortcuts import add_errors, form_page
from kb.channels import syncing
from kb.channels.listing import shown_channels
from kb.channels.rules import check_rule
from kb.models import ChannelRule, Workspace
from kb.permissions import MANAGE_WORKSPACES
from people.permissions import requires


class ChannelRuleForm(forms.ModelForm):
    class Meta:
        model = ChannelRule
        fields = [
            "severity", "service", "team", "private_incidents", "name_pattern", "invite_on_call",
            "archive_after_days",
        ]  # fmt: skip


@requires(MANAGE_WORKSPACES)
@require_http_methods(["GET", "POST"])
def rule_form(request: HttpRequest, pk: int, rule: int | None = None) -> HttpResponse:
    workspace = get_object_or_404(Workspace, pk=pk)
    existing = get_object_or_404(ChannelRule, pk=rule, workspace=workspace) if rule else None
    if request.method == "POST" and existing and "remove" in request.POST:
        existing.delete()
        return redirect(workspace)
    form = ChannelRuleForm(
        request.POST or None, instance=existing or ChannelRule(workspace=workspace)
    )
    if request.method == "POST" and form.is_valid():
        try:
            check_rule(form.instance)
            form.save()
            return redirect(workspace)
        except ValidationError as error:
            add_errors(form, error)
    return form_page(
        request, "kb/chat/channel_rule_form.html", form, workspace=workspace, rule=existing
    )


@requires(MANAGE_WORKSPACES)
@require_POST
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(shown_channels(request.user).select_related("workspace"), pk=pk)
    syncing.try_again(channel)
    messages.success(request, _("It is tried again in a moment."))
    return redirect(channel.workspace)
