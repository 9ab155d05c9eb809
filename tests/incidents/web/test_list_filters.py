"""The form above the list of incidents, sent as a browser sends it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from incidents.models import Incident

pytestmark = pytest.mark.django_db


def fields_of_the_form(web: Client) -> dict[str, str]:
    """Every field with the value that is chosen in it at first."""
    html = web.get("/").content.decode()
    form = re.search(r'<form class="filters".*?</form>', html, re.DOTALL)
    assert form
    names = re.findall(r'<(?:input|select)[^>]*\bname="([^"]+)"', form[0])
    return dict.fromkeys(names, "")


def test_words_alone_narrow_the_list(web: Client, incident: Incident) -> None:
    found = web.get("/", {**fields_of_the_form(web), "q": "CPU"}).content.decode()
    assert incident.title in found
    missed = web.get("/", {**fields_of_the_form(web), "q": "unrelated"}).content.decode()
    assert incident.title not in missed
    assert "No incident matches." in missed


def test_a_severity_alone_narrows_the_list(web: Client, incident: Incident) -> None:
    same = web.get("/", {**fields_of_the_form(web), "severity": incident.severity})
    assert incident.title in same.content.decode()
    other = next(value for value in Incident.Severity.values if value != incident.severity)
    page = web.get("/", {**fields_of_the_form(web), "severity": other}).content.decode()
    assert incident.title not in page
    assert "Select a valid choice" not in page


def test_a_severity_that_does_not_exist_is_refused(web: Client, incident: Incident) -> None:
    assert "Select a valid choice" in web.get("/?severity=SEV9").content.decode()
