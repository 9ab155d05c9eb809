"""What a page can write, the API can write too, and the other way round."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.db import models
from rest_framework import serializers

from incidents.models import ApiToken, Incident
from incidents.web.forms.incidents import EditForm, FilingForm
from incidents.web.tokens import TokenForm

PACKAGES = ["incidents", "kb", "analysis", "practice", "accounts"]

PLAIN_FORMS: dict[type[forms.Form], type[models.Model]] = {
    FilingForm: Incident,
    EditForm: Incident,
    TokenForm: ApiToken,
}
"""Forms that are no ModelForm, and the model whose acts they call."""

ALLOWED = {
    # In the address of the page, or set by the page that shows the form.
    "Integration": {"kind", "settings"},
    "ActionItem": {"postmortem"},
    "Check": {"cause"},
    "LogWatch": {"source"},
    "Rule": {"workspace"},
    "NotificationRule": {"workspace"},
    "ChannelRule": {"workspace"},
    "Drill": {"at", "service"},
    # The API finds the source by itself where there is one; people choose among several.
    "Slo": {"source"},
    "Capacity": {"source", "service"},
    # A page chooses among the teams; the API names one.
    # Forms have a field for each custom field instead.
    "Service": {"owner", "owner_team", "custom_fields"},
    "Announcement": {"owner", "team"},
    # Pages have buttons of their own for these; external ids are for scripts.
    "Incident": {
        "status", "owner", "labels", "external_source", "external_id", "external_url",
        "custom_fields",
    },
}  # fmt: skip
"""By model: fields that only one of the two has, for the reason above them."""


def subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        if each.__module__.split(".")[0] in PACKAGES:
            yield each
        yield from subclasses(each)


@pytest.fixture(scope="module")
def pairs() -> dict[type[models.Model], tuple[dict[str, Any], dict[str, Any]]]:
    """By model: the fields of its forms and the writable fields of its serializers."""
    for package in PACKAGES:
        for layer in ("web", "api"):
            folder = importlib.import_module(f"{package}.{layer}")
            for module in pkgutil.walk_packages(folder.__path__, f"{folder.__name__}."):
                importlib.import_module(module.name)
    in_forms: dict[type[models.Model], dict[str, Any]] = {}
    for form, model in PLAIN_FORMS.items():
        in_forms.setdefault(model, {}).update(form.base_fields)
    for form in subclasses(forms.ModelForm):
        model = form._meta.model
        if model and ".web." in form.__module__:
            in_forms.setdefault(model, {}).update(form.base_fields)
    in_api: dict[type[models.Model], dict[str, Any]] = {}
    for serializer in subclasses(serializers.ModelSerializer):
        about = getattr(getattr(serializer, "Meta", None), "model", None)
        if about:
            fields = {n: f for n, f in serializer().fields.items() if not f.read_only}
            in_api.setdefault(about, {}).update(fields)
    return {model: (in_forms[model], in_api[model]) for model in in_forms if model in in_api}


def test_forms_and_serializers_of_a_model_write_the_same_fields(pairs: Any) -> None:
    assert len(pairs) >= 12
    different = {
        model.__name__: set(in_form) ^ set(in_api) for model, (in_form, in_api) in pairs.items()
    }
    unexpected = {
        name: fields - ALLOWED.get(name, set())
        for name, fields in different.items()
        if fields - ALLOWED.get(name, set())
    }
    assert not unexpected, "Add the field to the other, or to ALLOWED with the reason."


def test_no_allowed_difference_has_become_superfluous(pairs: Any) -> None:
    different = {
        model.__name__: set(in_form) ^ set(in_api) for model, (in_form, in_api) in pairs.items()
    }
    superfluous = {
        name: fields - different[name]
        for name, fields in ALLOWED.items()
        if name in different and fields - different[name]
    }
    assert not superfluous
