"""Middleware: pages are in the language of who reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import trans_real

from common.language import ENGLISH
from people.preferences import language_of_person

SAFE_METHODS = ("GET", "HEAD")


def language_of_browser(request: HttpRequest) -> str:
    """The first of the languages that the browser asks for which pages exist in."""
    header = request.headers.get("Accept-Language", "")
    for code, _ in trans_real.parse_accept_lang_header(header):
        if code == "*":
            break
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return ENGLISH


def page_language(request: HttpRequest) -> str:
    """The language that a person chose, or else the one that their browser asks for."""
    return language_of_person(request.user) or language_of_browser(request)


class ReadersLanguage:
    """Runs what shows a page in the reader's language, and everything else in English.

    An act stores the same words whoever does it: only the templates that it renders, and the
    messages that it sends, are in the reader's language.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.LANGUAGE_CODE = ENGLISH
        if request.path.startswith("/api/"):
            with translation.override(ENGLISH):
                return self.get_response(request)
        request.LANGUAGE_CODE = page_language(request)
        # It ends what `process_view` activates.
        with translation.override(ENGLISH):
            response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
            patch_vary_headers(response, ["Accept-Language"])
        return response

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> None:
        by_program = getattr(view, "csrf_exempt", False)
        if request.method in SAFE_METHODS and not by_program:
            translation.activate(request.LANGUAGE_CODE)
