"""The list of incidents: filters, order, news, CSV, and acts on selected rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from common.language import Text, in_english, in_language_of
from common.viewer import signed_in
from incidents import filing, merging, responders, sharing
from incidents.bulk import act_on_each
from incidents.custom_fields.matching import is_field
from incidents.custom_fields.values import BelongsTo, listed_fields, with_values
from incidents.events.outbox import KINDS
from incidents.models import CustomField, Incident, SavedFilter, Service
from incidents.permissions import EDIT_INCIDENTS, visible_incidents
from incidents.search.columns import all_columns, choose_columns, column_of, columns_for
from incidents.search.filters import ORDERS, IncidentFilter, by_reference
from incidents.search.incidents_csv import incidents_csv
from incidents.search.listing import (
    IncidentPaginator,
    SearchPaginator,
    in_list_order,
    sections_of,
)
from incidents.search.news import news_of
from incidents.search.row_causes import rows_of
from incidents.search.saved_filters import (
    filter_query,
    remove_filter,
    save_filter,
    saved_filters,
)
from incidents.web.forms.custom_fields import field_filters
from incidents.web.shortcuts import show_errors, submitted_key, submitted_text
from people import audit
from people.permissions import may, requires

PAGE_SIZE = 50
OVERLAP = timedelta(seconds=5)
"""A transaction that commits late has changed rows at a time that was already read."""


class _HtmxRequest(HttpRequest):
    htmx: HtmxDetails


def _order_of(request: HttpRequest) -> str:
    order = request.session.get("incident_order")
    return order if order in ORDERS else "-impact_started_at"


def _filtered(request: HttpRequest) -> tuple[IncidentFilter, QuerySet[Incident]]:
    """The filter of the address, and what it finds; nothing where it has an invalid value."""
    incidents = visible_incidents(request.user)
    chosen = IncidentFilter(request.GET, incidents)
    return chosen, chosen.qs if chosen.is_valid() else incidents.none()


def _submitted_filter(request: HttpRequest) -> QueryDict:
    """The filter of the list that a form was sent from."""
    return QueryDict(submitted_text(request, "query")[:5000])


@require_GET
def incident_list(request: _HtmxRequest) -> HttpResponse:
    read_at = timezone.now() - OVERLAP
    chosen, found = _filtered(request)
    order = _order_of(request)
    searched = any(request.GET[name] for name in request.GET if name == "q" or is_field(name))
    pages = SearchPaginator if searched else IncidentPaginator
    paginator = pages(found, order, PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    query = filter_query(request.GET)
    mine = list(saved_filters(signed_in(request)))
    saved = next((each for each in mine if each.query == query), None)
    custom = listed_fields(BelongsTo.INCIDENTS)
    columns = columns_for(signed_in(request), saved, custom)
    rows = rows_of(_with_columns(page, columns), request.user)
    context = {
        "filter": chosen,
        "page": page,
        "sections": sections_of(rows, paginator),
        "order": order,
        "orders": ORDERS,
        "query": query,
        "saved_filters": mine,
        "saved": saved,
        "columns": columns,
        "custom_columns": _custom_columns(columns, custom),
        "all_columns": all_columns(custom),
        "field_filters": field_filters(custom, request.GET),
        "severities": Incident.Severity.values,
        "news": _news_context(query, read_at, page.number, [each.pk for each in page]),
        "selectable": may(request.user, EDIT_INCIDENTS),
        "statuses": Incident.Status.choices,
    }
    if request.htmx and not request.htmx.boosted:
        return render(request, "incidents/incidents/_results.html", context)
    context["services"] = Service.objects.values_list("name", flat=True)
    return render(request, "incidents/incidents/list.html", context)


def _with_columns(incidents: Iterable[Incident], columns: Sequence[str]) -> list[Incident]:
    """With their custom fields, where the list has columns of them."""
    rows = list(incidents)
    if any(map(is_field, columns)):
        prefetch_related_objects(rows, with_values(BelongsTo.INCIDENTS))
    return rows


def _custom_columns(columns: Sequence[str], custom: Iterable[CustomField]) -> list[tuple[str, str]]:
    """Name and label of the custom fields that are among the columns."""
    return [(each.name, each.label) for each in custom if column_of(each) in columns]


def _back_to_list(request: HttpRequest) -> HttpResponse:
    """The list with the filter that a form of it was sent from."""
    given = _submitted_filter(request)
    query = filter_query(given)
    if (page := submitted_key(given.get("page", ""))) > 1:
        query = f"{query}&page={page}".lstrip("&")
    return redirect(f"{reverse('incidents:list')}?{query}" if query else reverse("incidents:list"))


@require_POST
def save_order(request: HttpRequest) -> HttpResponse:
    """Store how this person sorts the list, in the session."""
    if request.POST.get("order") in ORDERS:
        request.session["incident_order"] = request.POST["order"]
    return _back_to_list(request)


@require_POST
def save_columns(request: HttpRequest) -> HttpResponse:
    """Of the saved filter that is shown; else of this person's lists."""
    person = signed_in(request)
    saved = _shown_filter(person, request.POST)
    choose_columns(
        person, request.POST.getlist("column"), saved, listed_fields(BelongsTo.INCIDENTS)
    )
    return _back_to_list(request)


def _shown_filter(person: User, given: QueryDict) -> SavedFilter | None:
    query = filter_query(QueryDict(given.get("query", "")[:5000]))
    return saved_filters(person).filter(query=query).first() if query else None


@require_GET
@in_english()
def csv_file(request: HttpRequest) -> Any:
    """What the filter finds as CSV; 400 for a filter with an invalid value."""
    incidents = visible_incidents(request.user)
    chosen = IncidentFilter(request.GET, incidents)
    if not chosen.is_valid():
        return HttpResponse(chosen.form.errors.as_text(), status=400, content_type="text/plain")
    audit.record_readings(chosen.qs.filter(private=True))
    lines = incidents_csv(in_list_order(chosen.qs, _order_of(request)), request.user)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"incidents-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
def filter_save(request: HttpRequest) -> HttpResponse:
    name = submitted_text(request, "name")
    try:
        saved = save_filter(signed_in(request), name, _submitted_filter(request))
    except ValidationError as error:
        show_errors(request, error)
    else:
        messages.success(request, format_lazy(_("Saved as “{name}”."), name=saved))
    return _back_to_list(request)


@require_POST
def filter_remove(request: HttpRequest, pk: int) -> HttpResponse:
    remove_filter(signed_in(request), pk)
    return _back_to_list(request)


def _news_context(
    query: str, since: datetime, page: int, shown: Sequence[int], read_at: datetime | None = None
) -> dict[str, Any]:
    parameters = QueryDict(query, mutable=True)
    parameters.update(
        {
            "since": since.isoformat(),
            "read_at": (read_at or since).isoformat(),
            "shown": ",".join(map(str, shown)),
            "on": str(page),
        }
    )
    return {
        "url": f"{reverse('incidents:news')}?{parameters.urlencode()}",
        "kinds": " ".join(KINDS),
    }


@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """What changed since a list was shown: its rows as they are now, and how many are new.

    `since` is when the list was read, `read_at` when this was last, `shown` its rows, `on` the
    page that they are on.
    """
    now = timezone.now()
    since, read_at = (_time_in(request, name) or now for name in ("since", "read_at"))
    shown = [submitted_key(key) for key in request.GET.get("shown", "").split(",")[:PAGE_SIZE]]
    incidents, (_, matching) = visible_incidents(request.user), _filtered(request)
    page = submitted_key(request.GET.get("on", "")) or 1
    found = news_of(incidents, matching, shown, since, read_at, count_new=page == 1)
    query = filter_query(request.GET)
    custom = listed_fields(BelongsTo.INCIDENTS)
    saved = saved_filters(signed_in(request)).filter(query=query).first()
    columns = columns_for(signed_in(request), saved, custom)
    context = {
        "rows": rows_of(_with_columns(found.changed, columns), request.user),
        "columns": columns,
        "custom_columns": _custom_columns(columns, custom),
        "new_count": found.new,
        "only_new": found.new == found.filed,
        "news": _news_context(query, since, page, shown, now - OVERLAP),
        "query": query,
        "selectable": may(request.user, EDIT_INCIDENTS),
    }
    return render(request, "incidents/incidents/_news.html", context)


def _time_in(request: HttpRequest, name: str) -> datetime | None:
    """A time of the query string; None for anything else."""
    try:
        found = parse_datetime(request.GET.get(name, "")[:40])
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


@requires(EDIT_INCIDENTS)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Set status or severity of the selected incidents, assign an owner, or merge them."""
    keys = [submitted_key(value) for value in request.POST.getlist("incident")[:1000]]
    try:
        act, what, left_out = _chosen_act(request)
        outcome = act_on_each(request.user, {key for key in keys if key} - left_out, act)
    except ValidationError as error:
        show_errors(request, error)
    else:
        show = messages.warning if outcome.refused else messages.success
        with in_language_of(request):
            show(request, outcome.message(what))
    return _back_to_list(request)


Act = Callable[[Incident], object]


def _chosen_act(request: HttpRequest) -> tuple[Act, Text, set[int]]:
    """What to do with each incident, what that is in words, and keys to leave out."""
    author, name = signed_in(request), request.POST.get("act", "")
    value = submitted_text(request, name).strip()
    if name == "status" and value in Incident.Status.values:
        label = Incident.Status(value).label
        return (
            lambda each: filing.set_status(each, value, author),
            format_lazy(_("Set to {value}"), value=label),
            set(),
        )
    if name == "severity" and value in Incident.Severity.values:
        return (
            lambda each: filing.set_severity(each, value, author),
            format_lazy(_("Set to {value}"), value=value),
            set(),
        )
    if name == "owner":
        owner = sharing.person_named(value) if value else None
        what = format_lazy(_("Owned by {person}"), person=owner or _("nobody"))
        return lambda each: responders.assign_owner(each, owner, author), what, set()
    if name == "into":
        into = by_reference(visible_incidents(request.user), value)
        if into is None:
            raise ValidationError(_("Enter the incident that they are part of, such as INC-42."))
        what = format_lazy(_("Merged into {incident}"), incident=into.reference)
        # The one that the others become part of may be selected with them.
        return lambda each: merging.merge(into, each, author), what, {into.pk}
    raise ValidationError(_("Choose what to do with the selected incidents."))
