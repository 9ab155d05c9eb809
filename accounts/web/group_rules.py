"""Pages of the rules that give roles and teams to groups of an identity provider."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.people import group_rules
from accounts.web.people_forms import GroupRuleForm
from common.viewer import signed_in
from incidents.web.shortcuts import add_errors
from people.models import GroupRule
from people.permissions import MANAGE_PEOPLE, requires


@requires(MANAGE_PEOPLE)
@require_GET
def rule_list(request: HttpRequest) -> HttpResponse:
    rules = GroupRule.objects.select_related("team")
    return render(request, "accounts/group_rules/list.html", {"rules": rules})


@requires(MANAGE_PEOPLE)
@require_http_methods(["GET", "POST"])
def rule_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    rule = get_object_or_404(GroupRule, pk=pk) if pk else None
    if request.method == "POST" and rule and "remove" in request.POST:
        group_rules.delete_rule(rule, signed_in(request))
        messages.success(request, format_lazy(_("The rule for {rule} is removed."), rule=rule))
        return redirect("accounts:group-rules")
    form = GroupRuleForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        # The form has changed its own instance: the rule compares with what is stored.
        stored = GroupRule.objects.get(pk=pk) if pk else GroupRule()
        try:
            group_rules.save_rule(stored, signed_in(request), **form.cleaned_data)
            done = _("Saved. It counts from the next sign-in of each member on.")
            messages.success(request, done)
            return redirect("accounts:group-rules")
        except ValidationError as error:
            add_errors(form, error)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "accounts/group_rules/form.html", {"form": form, "rule": rule}, status=status
    )
