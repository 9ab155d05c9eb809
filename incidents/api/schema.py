"""The API's description of itself: what all addresses share, said once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from incidents.api.resources import (
    EtagRetrieveMixin,
    EtagUpdateMixin,
    IdempotentCreateMixin,
    Resource,
)

PROBLEM = {
    "type": "object",
    "description": "Problem details, RFC 9457.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "By field: what is wrong and what to do.",
            "additionalProperties": True,
        },
    },
    "examples": [
        {
            "type": "about:blank",
            "title": "Some fields are not valid.",
            "status": 400,
            "errors": {"title": ["This field may not be blank."]},
        }
    ],
}


def _header_parameter(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text)


class MixinParametersSchema(AutoSchema):
    """Adds the parameters that mixins bring, so that no view has to name them."""

    def get_override_parameters(self) -> list[Any]:
        view = self.view
        action = getattr(view, "action", "")
        found: list[Any] = []
        if isinstance(view, Resource) and action in ("list", "retrieve"):
            found.append(
                OpenApiParameter(
                    "fields", str, description="Names of fields, with commas between: only these."
                )
            )
        if isinstance(view, EtagRetrieveMixin) and action == "retrieve":
            found.append(
                _header_parameter("If-None-Match", "The ETag you know; 304 when it still holds.")
            )
        if isinstance(view, EtagUpdateMixin) and action == "partial_update":
            found.append(
                _header_parameter("If-Match", "The ETag you read; 412 when it holds no more.")
            )
        if isinstance(view, IdempotentCreateMixin) and action == "create":
            found.append(
                _header_parameter(
                    "Idempotency-Key", "Any text of yours: repeated, nothing is made twice."
                )
            )
        return found


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing hook: every operation may answer with problem details."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    answer = {
        "description": "What was wrong, and with which field.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for path in result.get("paths", {}).values():
        for operation in path.values():
            operation["responses"].setdefault("default", answer)
    return result
