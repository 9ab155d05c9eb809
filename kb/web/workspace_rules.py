"""The page of one rule of a chat workspace: what is common to all kinds of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from common.language import Text
from incidents.web.shortcuts import add_errors, form_page
from kb.models import Workspace


@dataclass(frozen=True)
class RulePage:
    form: type[forms.ModelForm[Any]]
    check: Callable[[Any], None]
    """Raises ValidationError by field name."""
    template: str
    title: Text

    def respond(self, request: HttpRequest, pk: int, rule: int | None) -> HttpResponse:
        """Show, save or remove the rule of the workspace `pk`; without `rule` a new one."""
        workspace = get_object_or_404(Workspace, pk=pk)
        model = self.form._meta.model
        existing = get_object_or_404(model, pk=rule, workspace=workspace) if rule else None
        if request.method == "POST" and existing and "remove" in request.POST:
            existing.delete()
            return redirect(workspace)
        instance = existing or model(workspace=workspace)
        form = self.form(request.POST or None, instance=instance)
        if request.method == "POST" and form.is_valid():
            try:
                self.check(form.instance)
                form.save()
                return redirect(workspace)
            except ValidationError as error:
                add_errors(form, error)
        return form_page(
            request, self.template, form, workspace=workspace, rule=existing, title=self.title
        )
