"""Base and mixins of API resources: `?fields=`, ETag and If-Match, Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.http import Http404
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.viewer import signed_in
from incidents.models import IdempotentResponse
from people import audit


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "It was changed since you read it: read it again, then edit."


class IdempotencyKeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used with another request before: use a new one."


def etag_of(data: Any) -> str:
    """The entity tag (RFC 9110) of a serialized record."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:20]}"'


def _etags_in(header: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in header.split(",") if each.strip()}


class AnySuffixMixin:
    """`.json` at the end of an address is for the negotiation, not for each action's arguments."""

    _suffix: str | None = None

    def dispatch(self, request: Any, *args: Any, **options: Any) -> Any:
        self._suffix = options.pop("format", None)
        return super().dispatch(request, *args, **options)  # type: ignore[misc]

    def get_format_suffix(self, **options: Any) -> str | None:
        return self._suffix


class Resource(AnySuffixMixin, GenericViewSet):
    """Base of all resources: `?fields=id,title` limits the response to some fields.

    That a private record is returned, or part of one, is recorded in the audit log.
    """

    def get_object(self) -> Any:
        return audit.record_reading(super().get_object())

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        audit.record_readings(page or ())
        return page

    def get_serializer(self, *args: Any, **options: Any) -> Any:
        serializer = super().get_serializer(*args, **options)
        names = self.request.query_params.get("fields", "") if self.request else ""
        if names and self.request.method in ("GET", "HEAD"):
            row = getattr(serializer, "child", serializer)
            if isinstance(row, serializers.Serializer):
                _limit_fields(row, names)
        return serializer


def _limit_fields(serializer: serializers.Serializer, names: str) -> None:
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - set(serializer.fields))
    if unknown:
        known = ", ".join(serializer.fields)
        raise ValidationError({"fields": [f"Unknown: {', '.join(unknown)}. Known: {known}."]})
    for name in set(serializer.fields) - wanted:
        serializer.fields.pop(name)


class EtagRetrieveMixin(mixins.RetrieveModelMixin):
    """Responses have an `ETag`; with `If-None-Match` an unchanged record is a 304."""

    def retrieve(self: Any, request: Request, *args: Any, **options: Any) -> Response:
        instance = self.get_object()
        # Of the whole record, whichever fields are returned: `If-Match` compares the whole record.
        tag = etag_of(
            self.get_serializer_class()(instance, context=self.get_serializer_context()).data
        )
        response = Response(self.get_serializer(instance).data, headers={"ETag": tag})
        if tag in _etags_in(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": tag})
        return response


class EtagUpdateMixin(mixins.UpdateModelMixin):
    """With `If-Match`, an edit of a record that has changed since is refused (412)."""

    @transaction.atomic
    def update(self: Any, request: Request, *args: Any, **options: Any) -> Response:
        expected = _etags_in(request.headers.get("If-Match", ""))
        if expected and "*" not in expected:
            instance = self.get_object()
            type(instance)._default_manager.select_for_update(of=("self",)).get(pk=instance.pk)
            if etag_of(self.get_serializer(self.get_object()).data) not in expected:
                raise PreconditionFailed
        options["partial"] = True
        data = super().update(request, *args, **options).data
        # Read again, as a GET shows it: the tag must be the one that the next GET returns.
        with suppress(Http404):  # Whoever makes a record private may not see it any more.
            data = self.get_serializer(self.get_object()).data
        return Response(data, headers={"ETag": etag_of(data)})


class IdempotentCreateMixin(mixins.CreateModelMixin):
    """With an `Idempotency-Key` a repeated POST creates nothing and gets the first response."""

    def create(self, request: Request, *args: Any, **options: Any) -> Response:
        return run_idempotently(
            request, lambda: super(IdempotentCreateMixin, self).create(request, *args, **options)
        )


def run_idempotently(request: Request, handle: Callable[[], Response]) -> Response:
    """Run `handle` once per person and `Idempotency-Key`; a repetition gets its response."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return handle()
    if len(key) > 200 or not key.isprintable():
        raise ValidationError({"Idempotency-Key": ["Send up to 200 printable characters."]})
    signature = request.get_full_path().encode() + b"\n" + JSONRenderer().render(request.data)
    digest = hashlib.sha256(signature).hexdigest()
    with transaction.atomic():
        # The row is the lock: a second request with this key waits until the first is done.
        stored, new = IdempotentResponse.objects.get_or_create(
            user=signed_in(request), key=key, defaults={"request": digest}
        )
        if not new:
            if stored.request != digest:
                raise IdempotencyKeyReused
            return Response(
                stored.body, status=stored.status, headers={"Idempotency-Replayed": "true"}
            )
        response = handle()
        stored.status = response.status_code
        stored.body = json.loads(JSONRenderer().render(response.data))
        stored.save()
        return response
