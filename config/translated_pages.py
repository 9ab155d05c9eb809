"""Pages and messages in the language of who reads them, whatever the code around them runs in."""

from __future__ import annotations

from typing import Any

from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.backends.django import DjangoTemplates, Template

from common.language import in_language_of


class PageTemplate(Template):
    """With a request, a page in its language; without one, a mail or a file in English."""

    def render(self, context: Any = None, request: HttpRequest | None = None) -> Any:
        with in_language_of(request):
            return super().render(context, request)


class PageTemplates(DjangoTemplates):
    def get_template(self, template_name: str) -> PageTemplate:
        return PageTemplate(super().get_template(template_name).template, self)


class PageMessages(FallbackStorage):
    """Lazy texts of messages become words here, after the act that said them."""

    def update(self, response: HttpResponseBase) -> list[Any] | None:
        with in_language_of(self.request):
            return super().update(response)
