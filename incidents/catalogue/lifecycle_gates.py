"""Gates of the service lifecycle: higher packages say what a stage still requires."""

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
    """Why an edit may not move a service to another lifecycle stage; empty if it may.

    The gates see the service as it would be after the edit.
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
    requirements = "; ".join(missing)[:1000]
    return (
        f"Its gate is not passed: {requirements}. "
        "On its page “Readiness” it can continue with a reason."
    )
