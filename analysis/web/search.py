"""Search over everything."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods

from analysis.search import search_everything
from incidents.search.query_language import SEARCH_FIELDS

MAX_PASTED = 50_000
_HEADING = re.compile(r"(?<!\S)#{1,6}\s")


@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """GET for words; POST for pasted text that is too long for a URL."""
    given = request.POST if request.method == "POST" else request.GET
    text = given.get("q", "").replace("\x00", "")[:MAX_PASTED]
    found = search_everything(text, request.user)
    for postmortem in found.postmortems:
        postmortem.headline = _marked(postmortem.headline)
    examples = [each.example for each in SEARCH_FIELDS.values()]
    context = {"q": text, "found": found, "examples": examples}
    return render(request, "analysis/search/results.html", context)


def _marked(headline: str) -> SafeString:
    """The database's excerpt, escaped, with what matched in <mark>; headings are plain words."""
    words = escape(_HEADING.sub("", headline))
    return mark_safe(re.sub("\x02([^\x02\x03]*)\x03", r"<mark>\1</mark>", words))  # noqa: S308
