"""Renders form fields by Django's templates, and some by our own."""

from __future__ import annotations

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.template.backends.django import Template
from django.template.loader import get_template

OURS = {"django/forms/widgets/select.html": "components/list_box.html"}


class FormRenderer(DjangoTemplates):
    def get_template(self, template_name: str) -> Any:
        if template_name in OURS:
            found: Any = get_template(OURS[template_name])
            # A part of the page that is being rendered, in whose language it stays.
            return Template(found.template, found.backend)
        return super().get_template(template_name)
