"""Every form of every page takes odd text: it is stored, or refused with a sentence."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import resolve

from tests.addresses import address_of, routes
from tests.edges.marks import EVERY_FIELD
from tests.edges.odd_texts import ODD_TEXTS
from tests.edges.page_forms import Form, forms_of

pytestmark = EVERY_FIELD
WORDS = (
    "alertmanager", "generic", "prometheus", "slack", "core", "categories", "templates", "deploys",
    "maintenance", "heartbeats", "policies", "html", "hardware",
)  # fmt: skip
"""What stands in addresses for kinds of plug-ins and records."""
AT_ONCE = 12
"""Odd texts that one request brings, in turn over the fields of a form."""


def addresses() -> list[str]:
    found: dict[str, None] = {}
    for route, _ in routes():
        if route.startswith(("api/", "admin/", "hooks/", "chat/<", "trackers/<")):
            continue
        numbers = (1, 2) if re.search(r"<int|P<", route) else (1,)
        words = WORDS if re.search(r"<(slug|str):", route) else WORDS[:1]
        found |= {address_of(route, number, word): None for number in numbers for word in words}
    return list(found)


@pytest.fixture(scope="module")
def forms(person: User, django_db_blocker: Any) -> list[Form]:
    """Each form that a page shows, once."""
    found: dict[tuple[str, ...], Form] = {}
    with django_db_blocker.unblock():
        client = Client(raise_request_exception=False)
        client.force_login(person)
        for address in addresses():
            answer = client.get(address)
            assert answer.status_code < 500, address
            if answer.status_code == 200 and not answer.streaming:
                for form in forms_of(address, answer.content.decode("utf-8", "replace")):
                    found.setdefault((resolve(form.action).view_name, *form.key), form)
    return list(found.values())


def fillings(form: Form) -> Iterator[dict[str, list[str]]]:
    """All odd texts over all fields: each text in some field, each field with several texts.

    First where people write, then in what they choose, which a page fills in for them.
    """
    texts = list(ODD_TEXTS.values())
    for names in (form.texts, form.choices):
        for start in range(0, len(texts), max(1, min(len(names), AT_ONCE))) if names else ():
            changed = {
                name: [texts[(start + place) % len(texts)]] for place, name in enumerate(names)
            }
            yield form.fields | changed


def test_no_odd_text_in_any_field_makes_a_page_fail(person: User, forms: list[Form]) -> None:
    wrong: list[str] = []
    assert len(forms) > 100
    for form in forms:
        client = Client(raise_request_exception=False)
        client.force_login(person)  # Anew: signing out is a form too.
        for data in fillings(form):
            begun = time.thread_time()
            with transaction.atomic():
                answer: Any = getattr(client, form.method)(form.action, data)
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                wrong.append(f"{form.action}: {getattr(answer, 'exc_info', '')} with {data}"[:400])
            elif time.thread_time() - begun > 2:
                wrong.append(f"{form.action}: {time.thread_time() - begun:.1f} s with {data}"[:400])
    assert not wrong, "\n".join(wrong)
