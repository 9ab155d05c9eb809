"""API resources by what people call their records: GET, and PUT to create or edit."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.mixins import etag_of
from people.permissions import require


class PutMixin:
    """GET and PUT by what people call a record: PUT creates it or makes it as the body says.

    For programs that write down what should be, as Terraform does: sent again, it changes nothing.
    Fields that are left out stay as they are, or begin with their defaults.
    """

    def get_or_put(self: Any, request: Request, **key: str) -> Response:
        """The response for the record whose fields are `key`, by their names in the serializer."""
        if request.method != "PUT":
            return self._shown(key)
        if not isinstance(request.data, dict):
            raise ValidationError("Send an object with fields.")
        try:
            return self._put({**request.data, **key}, key)
        except IntegrityError:
            # Somebody created it at the same moment.
            return self._put({**request.data, **key}, key)

    @transaction.atomic
    def _put(self: Any, body: dict[str, Any], key: dict[str, str]) -> Response:
        rows = self.get_queryset().select_for_update(of=("self",))
        row = rows.filter(**self.lookup_of(key)).first()
        if row is None:
            require(self.request.user, getattr(self, "acts", {}).get("create", self.act))
        serializer = self.get_serializer(row, data=body)
        serializer.is_valid(raise_exception=True)
        if row is None:
            return Response(self.save_new(serializer), status.HTTP_201_CREATED)
        serializer.save()
        return self._shown(key)

    def _shown(self: Any, key: dict[str, str]) -> Response:
        row = get_object_or_404(self.get_queryset(), **self.lookup_of(key))
        data = self.get_serializer(row).data
        return Response(data, headers={"ETag": etag_of(data)})

    def lookup_of(self, key: dict[str, str]) -> dict[str, str]:
        """How the database finds the record."""
        return key

    def save_new(self, serializer: Any) -> Any:
        """Save a record that was not there; what its response shows."""
        serializer.save()
        return serializer.data


PUT_OPTIONS: dict[str, Any] = {
    "detail": False, "methods": ["get", "put"], "pagination_class": None,
    "http_method_names": ["get", "put", "head", "options"],
}  # fmt: skip
"""Of an action that calls `get_or_put`."""


class NamedMixin(PutMixin):
    """`named/{name}/`, for records whose name is unique."""

    @extend_schema(methods=["GET"], summary="Find one by name", filters=False)
    @extend_schema(methods=["PUT"], summary="Create or edit the one of this name", filters=False)
    @action(url_path="named/(?P<name>[^/]+)", **PUT_OPTIONS)
    def named(self, request: Request, name: str) -> Response:
        return self.get_or_put(request, name=name)
