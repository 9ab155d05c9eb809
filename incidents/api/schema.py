"""OpenAPI schema: parameters and errors that all endpoints share."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from incidents.api.mixins import (
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
            "description": "By field: what is wrong and what to change.",
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


SUMMARIES = {
    "list": "List {many}",
    "retrieve": "Show one of the {many}",
    "create": "Add one to the {many}",
    "update": "Replace one of the {many}",
    "partial_update": "Change one of the {many}",
    "destroy": "Delete one of the {many}",
}
"""By action of a resource, for operations that name no summary of their own."""


def _header_parameter(name: str, text: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text)


class MixinParametersSchema(AutoSchema):
    """Adds summaries, and the parameters of the resource mixins, so that no view has to."""

    def get_summary(self) -> str:
        if own := super().get_summary():
            return str(own)
        prefix = str(settings.SPECTACULAR_SETTINGS["SCHEMA_PATH_PREFIX"])
        many = self.path.removeprefix(prefix).strip("/").split("/")[0].replace("-", " ")
        return SUMMARIES.get(getattr(self.view, "action", ""), "Show {many}").format(many=many)

    def get_override_parameters(self) -> list[Any]:
        view = self.view
        action = getattr(view, "action", "")
        parameters: list[Any] = []
        if isinstance(view, Resource) and action in ("list", "retrieve"):
            parameters.append(
                OpenApiParameter(
                    "fields", str, description="Only these fields, separated by commas."
                )
            )
        if isinstance(view, EtagRetrieveMixin) and action == "retrieve":
            parameters.append(
                _header_parameter("If-None-Match", "A known ETag; 304 if the record is unchanged.")
            )
        if isinstance(view, EtagUpdateMixin) and action == "partial_update":
            parameters.append(
                _header_parameter(
                    "If-Match", "The ETag you read; 412 if the record has changed since."
                )
            )
        if isinstance(view, IdempotentCreateMixin) and action == "create":
            parameters.append(
                _header_parameter(
                    "Idempotency-Key", "Any unique text: a repeated request creates nothing twice."
                )
            )
        return parameters


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing hook: every operation may respond with problem details."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    response = {
        "description": "What was wrong, and with which field.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for path in result.get("paths", {}).values():
        for operation in path.values():
            operation["responses"].setdefault("default", response)
    return result
