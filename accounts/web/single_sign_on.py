"""Views of single sign-on say why it does not work, while an identity provider is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.language import Text

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)


def explaining(
    view: View, errors: type[Exception] | tuple[type[Exception], ...], sentence: Text = ""
) -> View:
    """The view, with a page in place of these errors: it shows `sentence`, or that of the error."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return view(request, *args, **options)
        except errors as error:
            log.error("Single sign-on: %s: %s", type(error).__name__, str(error)[:300])
            problem = {"problem": sentence or str(error)}
            return render(request, "accounts/sign_in_failed.html", problem, status=503)

    return answer
