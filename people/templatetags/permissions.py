"""What the person who reads a page may do, where the record decides; else `perms` is enough."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from people import permissions
from people.acts import ACTS

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: Context, act: str, record: Any) -> bool:
    """`{% may "incidents.change_service" service as editable %}`"""
    return permissions.may(context["request"].user, ACTS[act], record)
