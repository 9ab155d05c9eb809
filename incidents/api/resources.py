"""What every resource of the API can do: chosen fields, tags against lost edits, safe repeats."""

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

from incidents.models import IdempotentResponse


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "Somebody changed it since you read it: read it again, then edit."


class IdempotencyKeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key came with another request before: take a new one."


def etag_of(data: Any) -> str:
    """The entity tag (RFC 9110) of what is shown of a record."""
    return f'"{hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:20]}"'


def _etags_in(header: str) -> set[str]:
    return {each.strip().removeprefix("W/") for each in header.split(",") if each.strip()}


class Resource(GenericViewSet):
    """Base of the resources: `?fields=id,title` leaves out what nobody asked for."""

    def get_serializer(self, *args: Any, **options: Any) -> Any:
        serializer = super().get_serializer(*args, **options)
        asked = self.request.query_params.get("fields", "") if self.request else ""
        if asked and self.request.method in ("GET", "HEAD"):
            _limit_fields(getattr(serializer, "child", serializer), asked)
        return serializer


def _limit_fields(serializer: serializers.Serializer, asked: str) -> None:
    wanted = {name.strip() for name in asked.split(",") if name.strip()}
    unknown = sorted(wanted - set(serializer.fields))
    if unknown:
        known = ", ".join(serializer.fields)
        raise ValidationError({"fields": [f"Unknown: {', '.join(unknown)}. Known: {known}."]})
    for name in set(serializer.fields) - wanted:
        serializer.fields.pop(name)


class EtagRetrieveMixin(mixins.RetrieveModelMixin):
    """`ETag` on what is read; `If-None-Match` saves the body of what did not change."""

    def retrieve(self: Any, request: Request, *args: Any, **options: Any) -> Response:
        instance = self.get_object()
        # Of the whole record, whichever fields were asked for: an edit compares the whole.
        tag = etag_of(
            self.get_serializer_class()(instance, context=self.get_serializer_context()).data
        )
        response = Response(self.get_serializer(instance).data, headers={"ETag": tag})
        if tag in _etags_in(request.headers.get("If-None-Match", "")):
            return Response(status=304, headers={"ETag": tag})
        return response


class EtagUpdateMixin(mixins.UpdateModelMixin):
    """`If-Match` refuses an edit (412) of what somebody else changed since it was read."""

    @transaction.atomic
    def update(self: Any, request: Request, *args: Any, **options: Any) -> Response:
        wanted = _etags_in(request.headers.get("If-Match", ""))
        if wanted and "*" not in wanted:
            instance = self.get_object()
            type(instance)._default_manager.select_for_update(of=("self",)).get(pk=instance.pk)
            if etag_of(self.get_serializer(self.get_object()).data) not in wanted:
                raise PreconditionFailed
        options["partial"] = True
        data = super().update(request, *args, **options).data
        # Read anew, as a GET would show it: the tag must be the one that comes next.
        with suppress(Http404):  # Who makes a record private may lose sight of it.
            data = self.get_serializer(self.get_object()).data
        return Response(data, headers={"ETag": etag_of(data)})


class IdempotentCreateMixin(mixins.CreateModelMixin):
    """An `Idempotency-Key` makes a creation safe to repeat: the second answer is the first's."""

    def create(self, request: Request, *args: Any, **options: Any) -> Response:
        return run_idempotently(
            request, lambda: super(IdempotentCreateMixin, self).create(request, *args, **options)
        )


def run_idempotently(request: Request, act: Callable[[], Response]) -> Response:
    """Do `act` once for each `Idempotency-Key` of a person; without one, do it."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return act()
    if len(key) > 200 or not key.isprintable():
        raise ValidationError({"Idempotency-Key": ["Send up to 200 printable characters."]})
    asked = request.get_full_path().encode() + b"\n" + JSONRenderer().render(request.data)
    digest = hashlib.sha256(asked).hexdigest()
    with transaction.atomic():
        # The row is the lock: a second request of this key waits here until the first is done.
        kept, new = IdempotentResponse.objects.get_or_create(
            user=request.user, key=key, defaults={"request": digest}
        )
        if not new:
            if kept.request != digest:
                raise IdempotencyKeyReused
            return Response(kept.body, status=kept.status, headers={"Idempotency-Replayed": "true"})
        response = act()
        kept.status = response.status_code
        kept.body = json.loads(JSONRenderer().render(response.data))
        kept.save()
        return response
