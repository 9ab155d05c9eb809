"""List boxes are those of Django, and of thousands of options as fast as of a few."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test import Client

from config.form_renderer import FormRenderer
from incidents.models import Service


class _Read(HTMLParser):
    """What a browser sees: tags with their attributes, whose order says nothing, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[Any] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.seen.append(data.strip())


class WithDisabled(forms.Select):
    def create_option(self, *args: Any, **options: Any) -> dict[str, Any]:
        made = super().create_option(*args, **options)
        return {**made, "attrs": {**made["attrs"], "disabled": made["value"] == "b"}}


@pytest.mark.parametrize("widget", [forms.Select, forms.SelectMultiple, WithDisabled])
def test_a_list_box_is_the_same_as_djangos(widget: type[forms.Select]) -> None:
    choices = [("", "None"), ("a", '<A> & "B"'), ("Group", [("b", "B"), (3, "Three")])]
    box = widget(attrs={"class": "wide", "required": True}, choices=choices)
    value = ["a", "3"] if widget is forms.SelectMultiple else "3"
    ours, djangos = (
        _Read(box.render("name", value, renderer=renderer)).seen
        for renderer in (FormRenderer(), DjangoTemplates())
    )
    assert ours == djangos
    assert ("option", {"value": "3", "selected": None}) in ours


@pytest.mark.django_db
def test_filing_among_many_services_renders_no_template_for_each(web: Client) -> None:
    def templates() -> int:
        return len(web.get("/new/").templates)

    few = templates()
    Service.objects.bulk_create(Service(name=f"service-{n}") for n in range(500))
    assert templates() == few
