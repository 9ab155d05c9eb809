"""Markdown of people stays Markdown; what logs, queries and alerts say is shown as it is."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from common.markdown import escape_markdown, render_markdown, with_breaks
from incidents.filing import add_note, edit_incident, file_incident
from incidents.intake import processing, receiving
from incidents.models import Change, Incident, Service, TimelineEntry
from kb.causes.linking import name_cause
from kb.exporters import registry
from kb.postmortems.editing import start_postmortem
from tests.incidents.signed_requests import make
from tests.sizes import examples

MACHINE = "conn <*> of <*> timed out: SELECT a.*, count(*) FROM __t__ [x](y) `z` &lt; ~~w~~"
TRACE = (
    'Traceback (most recent call last):\n  File "a.py", line 3, in __init__\n    return <*> + <*>\n'
    "SELECT o.*, c.* FROM orders\n[error]: refused\nls /var/log/*.gz /tmp/*.gz\nttl=5*60*1000"
)


def seen(html: str) -> str:
    """What a reader sees, lines apart."""
    text = re.sub(r"<br />|<br>|</p>", "\n", html)
    return unescape(re.sub(r"<[^>]*>", "", text))


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def page(web: Client, incident: Incident) -> str:
    return web.get(f"/INC-{incident.pk}/").content.decode()


@settings(max_examples=examples(400), deadline=None)
@given(st.text(alphabet="*_<>[]()#+-=12.~`\\|&;ab lt!:@/\"'{}\n", max_size=40))
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    html = render_markdown(with_breaks(escape_markdown(text)))
    assert lines(seen(html)) == lines(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* and **b**, _c_ and __d e__", "<em>a</em> and <strong>b</strong>, <em>c</em> and"),
        ("(*a*) **“b”**.", "(<em>a</em>) <strong>“b”</strong>."),
        ("*Note.* Then", "<em>Note.</em> Then"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("[x][1]\n\n[1]: https://example.org", '<a href="https://example.org"'),
        ("```\na\nb\n```", "<pre><code>a\nb\n</code></pre>"),
    ],
)
def test_what_people_write_is_still_markdown(text: str, html: str) -> None:
    assert html in render_markdown(with_breaks(text))


def test_a_text_wrapped_by_hand_flows_unless_lines_are_wanted() -> None:
    assert "<br" not in render_markdown("one\ntwo")


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["symptom", "resolution", "note"])
def test_a_pasted_log_is_shown_line_by_line_and_whole(
    web: Client, incident: Incident, user: User, where: str
) -> None:
    if where == "note":
        add_note(incident, TRACE, user)
    else:
        fields: dict[str, Any] = {where: TRACE}
        edit_incident(incident, user, **fields)
    assert "\n".join(lines(TRACE)) in "\n".join(lines(seen(page(web, incident))))


@pytest.mark.django_db
def test_what_an_alert_says_is_shown_as_it_is(web: Client, database: Service) -> None:
    integration, _ = make("alertmanager")
    alert = {
        "status": "firing",
        "fingerprint": "9f2ac1d37bb04e55",
        "labels": {"alertname": "Slow*Query*", "service": "orders-db", "query": "SELECT * or * x*"},
        "annotations": {"summary": MACHINE},
        "startsAt": timezone.now().isoformat(),
    }
    receiving.store(integration, {}, json.dumps({"alerts": [alert]}).encode())
    processing.process_waiting()
    shown = seen(page(web, Incident.objects.get()))
    assert MACHINE in shown.partition("Symptom")[2]
    assert "query=SELECT * or * x*" in shown
    assert "Slow*Query* fires on orders-db" in shown


@pytest.mark.django_db
def test_product_written_entries_and_the_first_draft_of_a_postmortem_are_literal(
    web: Client, user: User, database: Service
) -> None:
    incident = file_incident(title=f"orders-db: {MACHINE}", services=[database], symptom=TRACE)
    name_cause(incident, "Query SELECT * or * all", author=user)
    Change.objects.create(service=database, title="*a* <*> b <*>", started_at=timezone.now())
    for kind in ("finding", "alert"):
        TimelineEntry.objects.create(incident=incident, kind=kind, text=f"{kind}: {MACHINE}")
    postmortem = start_postmortem([incident], user)
    exported = registry()["html"]().export(postmortem, user).decode()
    for html in (
        page(web, incident),
        web.get(postmortem.get_absolute_url()).content.decode(),
        exported,
    ):
        shown = seen(html)
        assert f"finding: {MACHINE}" in shown
        assert f"alert: {MACHINE}" in shown
        assert "Query SELECT * or * all" in shown
        assert "*a* <*> b <*>" in shown
        assert "\n".join(lines(TRACE)) in "\n".join(lines(shown))
