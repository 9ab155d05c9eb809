"""What every API of the product shares: pages and problem details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as RuleBroken
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler


class ByName(serializers.SlugRelatedField):
    """A record by its name. PostgreSQL cannot even be asked for a text with a null character."""

    def __init__(self, **options: Any) -> None:
        super().__init__("name", **options)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and "\x00" in data:
            self.fail("does_not_exist", slug_name=self.slug_field, value=data.replace("\x00", "?"))
        return super().to_internal_value(data)


class Visible(serializers.PrimaryKeyRelatedField):
    """A record by its id, among those that `permission(user)` lets the asker see."""

    def __init__(self, permission: Callable[[Any], QuerySet[Any]], **options: Any) -> None:
        self.permission = permission
        super().__init__(**options)

    def get_queryset(self) -> QuerySet[Any]:
        return self.permission(self.context["request"].user)


class Pages(CursorPagination):
    """Pages by cursor: stable while incidents are being filed, cheap on page one thousand."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    """Errors as application/problem+json (RFC 9457); `errors` maps field names to messages."""
    if isinstance(error, RuleBroken):
        # A business rule's refusal reads the same whether the form or the API was used.
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
        error = exceptions.ValidationError(detail)
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": error.default_detail,
        "status": response.status_code,
    }
    if isinstance(error, exceptions.ValidationError):
        body["title"] = "Some fields are not valid."
        data = response.data
        body["errors"] = data if isinstance(data, dict) else {"__all__": data}
    else:
        body["detail"] = str(error.detail)
    response.data = body
    response.content_type = "application/problem+json"
    return response
