"""Pages of what causes and postmortems are written with: categories and templates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from incidents.web.shortcuts import form_page
from kb.models import Category, PostmortemTemplate
from kb.permissions import EDIT_TEMPLATES
from kb.web.forms import CategoryForm, TemplateForm
from people.permissions import requires

KINDS: dict[str, tuple[type[Any], type[forms.ModelForm], str]] = {
    "categories": (Category, CategoryForm, "category"),
    "templates": (PostmortemTemplate, TemplateForm, "postmortem template"),
}


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
    model, form_class, title = KINDS[kind]
    if key and model is PostmortemTemplate and not key.isdecimal():
        raise Http404("No such template.")
    row = get_object_or_404(model, pk=key) if key else None
    if request.method == "POST" and row and "remove" in request.POST:
        try:
            row.delete()
        except ProtectedError:
            messages.error(request, f"Causes are in {row}: give them another category first.")
        return redirect("kb:configuration")
    form = form_class(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("kb:configuration")
    return form_page(request, "kb/configuration/form.html", form, row=row, title=title)
