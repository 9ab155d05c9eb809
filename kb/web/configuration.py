"""Pages of what causes and postmortems are written with: categories and templates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from common.language import Text
from incidents.web.shortcuts import form_page
from kb.models import Category, PostmortemTemplate
from kb.permissions import EDIT_TEMPLATES
from kb.web.forms import CategoryForm, TemplateForm
from people.permissions import requires

KINDS: dict[str, tuple[type[Any], type[forms.ModelForm], Text, Text]] = {
    "categories": (Category, CategoryForm, _("Category"), _("New category")),
    "templates": (
        PostmortemTemplate, TemplateForm, _("Postmortem template"), _("New postmortem template"),
    ),
}  # fmt: skip
"""By kind: the title of the page, and the heading where a new one is added."""


@requires(EDIT_TEMPLATES)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    context = {
        "categories": Category.objects.all(),
        "templates": PostmortemTemplate.objects.all(),
    }
    return render(request, "kb/configuration/overview.html", context)


@requires(EDIT_TEMPLATES)
@require_http_methods(["GET", "POST"])
def record_form(request: HttpRequest, kind: str, key: str = "") -> HttpResponse:
    """Add, edit or remove a category or a template; `key` is the primary key of one."""
    if kind not in KINDS:
        raise Http404("No such kind of record.")
    model, form_class, title, heading = KINDS[kind]
    if key and model is PostmortemTemplate and not key.isdecimal():
        raise Http404("No such template.")
    row = get_object_or_404(model, pk=key) if key else None
    if request.method == "POST" and row and "remove" in request.POST:
        try:
            row.delete()
        except ProtectedError:
            problem = _("Causes are in {category}: give them another category first.")
            messages.error(request, format_lazy(problem, category=row))
        return redirect("kb:configuration")
    form = form_class(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("kb:configuration")
    return form_page(
        request, "kb/configuration/form.html", form, row=row, title=title, heading=heading
    )
