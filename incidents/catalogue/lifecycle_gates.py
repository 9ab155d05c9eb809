"""Gates of a service's life: other packages say what is missing before it enters a stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from common.registry import Registry
from incidents.models import Service

Gate = Callable[[Service, str], list[str]]
GATES: Registry[Gate] = Registry("lifecycle gates")
"""Each takes a service and a stage, and lists in words what is missing."""


def gate_refusal(service: Service, fields: Mapping[str, Any]) -> str:
    """Why an edit may not move a service to another stage; empty where it may or does not.

    The gates are asked of the service as it would be after the edit.
    """
    stage = fields.get("lifecycle", service.lifecycle)
    if service.pk is None or stage == service.lifecycle:
        return ""
    changed = copy(service)
    for name, value in fields.items():
        if name != "depends_on":  # Assigning to it would write to the database.
            setattr(changed, name, value)
    missing = [each for gate in GATES.values() for each in gate(changed, stage)]
    if not missing:
        return ""
    told = "; ".join(missing)[:1000]
    return f"Its gate does not hold: {told}. On its page “Readiness” it can go on with a reason."
