"""Pages of the practice map."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from common.viewer import signed_in
from incidents.web.shortcuts import form_page, submitted_text, succeeds
from people.models import Team
from people.permissions import requires
from practice import practice_map
from practice.models import Practice, Verdict
from practice.permissions import EDIT_VERDICTS, MANAGE
from practice.web.forms import PracticeForm


def _team(request: HttpRequest) -> str:
    return (request.POST.get("team") or request.GET.get("team", "")).replace("\x00", "")[:100]


def _teams() -> list[str]:
    named = Team.objects.values_list("name", flat=True)
    return sorted({*named, *Verdict.objects.exclude(team="").values_list("team", flat=True)})


@require_GET
def map_page(request: HttpRequest) -> HttpResponse:
    team = _team(request)
    roots = practice_map.map_of(team)
    practices = practice_map.leaves(roots)
    words = [*Verdict.Word.choices, ("", gettext("not decided"))]
    heading = gettext("Practice map of the organisation")
    if team:
        heading = gettext("Practice map of %(team)s") % {"team": team}
    context = {
        "team": team,
        "teams": _teams(),
        "heading": heading,
        "drawn": practice_map.map_as_svg(roots, team or gettext("the organisation"), team, heading),
        "counts": [
            (practice_map.SIGNS[word], name, sum(leaf.word == word for leaf in practices))
            for word, name in words
        ],
        "due": [leaf for leaf in practices if leaf.due],
        "roots": roots,
    }
    return render(request, "practice/map/overview.html", context)


@requires(EDIT_VERDICTS, "POST")
@require_http_methods(["GET", "POST"])
def practice(request: HttpRequest, pk: int) -> HttpResponse:
    """One practice: verdicts of the organisation and of teams."""
    current = get_object_or_404(Practice, pk=pk)
    team = _team(request)
    if request.method == "POST" and succeeds(
        request,
        lambda: practice_map.set_verdict(
            current,
            team,
            submitted_text(request, "word"),
            submitted_text(request, "note"),
            _date(submitted_text(request, "review_on")),
            signed_in(request),
        ),
    ):
        back = f"?{urlencode({'team': team})}" if team else ""
        return redirect(f"{reverse('practice:map')}{back}")
    mine = current.verdicts.filter(team=team).first()
    context = {
        "practice": current,
        "team": team,
        "teams": _teams(),
        "mine": mine,
        "verdicts": current.verdicts.select_related("author"),
        "words": Verdict.Word.choices,
    }
    return render(request, "practice/map/practice.html", context)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
def node_form(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add, edit or remove a node of the map."""
    node = get_object_or_404(Practice, pk=pk) if pk else None
    if request.method == "POST" and node and "remove" in request.POST:
        node.delete()
        done = _("{name} is removed, with what belonged to it.")
        messages.success(request, format_lazy(done, name=node.name))
        return redirect("practice:map")
    form = PracticeForm(request.POST or None, instance=node)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("practice:map")
    return form_page(request, "practice/map/node_form.html", form, node=node)


def _date(text: str) -> date | None:
    """Raises ValidationError for what is not a date."""
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        problem = _("“%(text)s” is not a date such as 2027-03-01.")
        raise ValidationError({"review_on": ValidationError(problem, params={"text": text[:20]})})
    return day
