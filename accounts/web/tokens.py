"""The page of all tokens of everybody."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.people import tokens
from common.viewer import signed_in
from incidents.web.shortcuts import submitted_key
from people.permissions import MANAGE_TOKENS, requires


@requires(MANAGE_TOKENS)
@require_GET
def token_list(request: HttpRequest) -> HttpResponse:
    words, state = request.GET.get("q", ""), request.GET.get("state", "active")
    found = tokens.matching_tokens(tokens.all_tokens(signed_in(request)), words)
    found = tokens.tokens_in_state(found, state)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    context = {"page": page, "states": tokens.STATES.items(), "state": state, "words": words}
    return render(request, "accounts/tokens/list.html", context)


@requires(MANAGE_TOKENS)
@require_POST
def tokens_end(request: HttpRequest) -> HttpResponse:
    """End the tokens that are ticked, and those that they created."""
    keys = [submitted_key(text) for text in request.POST.getlist("token")[:500]]
    ended = tokens.end_tokens(keys, signed_in(request))
    if ended:
        done = ngettext_lazy("{n} token ended.", "{n} tokens ended.", ended)
        messages.success(request, format_lazy(done, n=ended))
    else:
        messages.error(request, _("No active token was ticked."))
    person = submitted_key(request.POST.get("person", ""))
    return redirect(reverse("accounts:person", args=[person]) if person else "accounts:all-tokens")
