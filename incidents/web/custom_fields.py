"""Pages that define custom fields, and their values on the page of an incident."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from common.viewer import signed_in
from incidents import filing
from incidents.custom_field_definitions import save_field
from incidents.custom_fields.values import BelongsTo, unset_to_resolve, values_of, with_values
from incidents.models import CustomField, Incident
from incidents.permissions import EDIT_INCIDENTS, MANAGE_FIELDS
from incidents.web.forms.custom_fields import CustomFieldForm, CustomFieldsMixin
from incidents.web.responders import names_of_people
from incidents.web.shortcuts import add_errors, form_page, get_incident
from incidents.web.toasts import show_toast
from people.permissions import requires


@require_GET
def field_list(request: HttpRequest) -> HttpResponse:
    fields = CustomField.objects.order_by("archived", "belongs_to", "position", "pk")
    return render(request, "incidents/custom_fields/list.html", {"fields": fields})


@requires(MANAGE_FIELDS)
@require_http_methods(["GET", "POST"])
def field_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    field = get_object_or_404(CustomField, pk=pk) if pk else None
    form = CustomFieldForm(request.POST or None, instance=field)
    if request.method == "POST" and form.is_valid():
        # The form has changed its own instance: rules compare with what is stored.
        stored = CustomField.objects.get(pk=pk) if pk else CustomField()
        try:
            save_field(stored, signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("incidents:custom-fields")
    return form_page(request, "incidents/custom_fields/form.html", form, field=field)


class ValuesForm(CustomFieldsMixin):
    """The custom fields of an incident alone."""

    def __init__(self, *args: Any, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        self.add_custom_fields(BelongsTo.INCIDENTS, incident)


def custom_context(incident: Incident) -> dict[str, Any]:
    """What the page of an incident shows of its custom fields."""
    prefetch_related_objects([incident], with_values(BelongsTo.INCIDENTS))
    return {
        "custom_values": values_of(incident),
        "custom_unset": unset_to_resolve(incident),
        "custom_form": ValuesForm(incident=incident),
    }


@requires(EDIT_INCIDENTS)
@require_http_methods(["GET", "POST"])
def incident_fields(request: HttpRequest, pk: str) -> HttpResponse:
    """Change custom fields of an incident; a form with errors is a page of its own."""
    incident = get_incident(request, pk)
    form = ValuesForm(request.POST or None, incident=incident)
    if request.method == "POST" and form.is_valid():
        given = form.taken_custom_fields()
        try:
            filing.edit_incident(incident, signed_in(request), custom_fields=given)
        except ValidationError as error:
            add_errors(form, error)
        else:
            show_toast(request, _("Saved."))
            return redirect(incident)
    return form_page(
        request, "incidents/custom_fields/edit.html", form,
        incident=incident, people=names_of_people() if form.names_people else [],
    )  # fmt: skip
