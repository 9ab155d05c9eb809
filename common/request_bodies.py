"""Reads the JSON of a request, also where the sender wraps it in a form."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from common.payloads import BadPayload, form_fields, json_of

JSON_FIELDS = ("payload", "data")
"""Fields that hold the JSON: GitHub's by default, Uptime Kuma's by choice."""


def json_of_request(body: bytes, content_type: str) -> Any:
    """A body of JSON, or of a form with JSON in one of its fields. Raises BadPayload.

    curl sends JSON as a form by default, so what begins as JSON is read as JSON.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if body.lstrip()[:1] in (b"{", b"["):
        return json_of(body)
    if kind == "application/x-www-form-urlencoded":
        fields = form_fields(body)
    elif kind == "multipart/form-data":
        fields = _multipart_fields(body, content_type)
    else:
        return json_of(body)
    for name in JSON_FIELDS:
        if name in fields:
            return json_of(fields[name])
    raise BadPayload(
        f"The body is a form without a field “{JSON_FIELDS[0]}”. Let the sender use "
        "application/json."
    )


def _multipart_fields(body: bytes, content_type: str) -> dict[str, str]:
    about = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": len(body)}
    try:
        fields, _ = MultiPartParser(about, BytesIO(body), []).parse()
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise BadPayload(f"The body is no form of many parts: {str(error)[:120]}") from error
    return {name: str(values[0]) for name, values in fields.lists() if values}
