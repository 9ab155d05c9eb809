"""The page of the audit log with a real browser: filter, follow a record, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, expect

from incidents.filing import edit_incident, file_incident
from incidents.models import Service
from people import audit
from people.membership import give_role
from people.models import Role
from tests.e2e.test_sign_in import PASSWORD, check, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def test_an_auditor_finds_what_happened_to_a_record_and_takes_it_along(
    browser: Browser, live_server: Any, tmp_path: Path
) -> None:
    auditor = User.objects.create_user("auditor", password=PASSWORD)
    give_role(auditor, Role.AUDITOR)
    by = User.objects.create_user("oncall")
    with audit.acting(audit.Origin("page", by, address="198.51.100.7")):
        service = Service.objects.create(name="orders-db")
        incident = file_incident(title="Orders are slow", services=[service], reporter=by)
        edit_incident(incident, by, title="Orders are down")
        file_incident(title="Mail is late", services=[service], reporter=by)
    page = browser.new_context(base_url=live_server.url, accept_downloads=True).new_page()
    sign_in(page, "auditor")
    page.locator("details.menu summary").filter(has_text="auditor").click()
    page.get_by_role("link", name="Audit log").click()
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="incident.created")).to_have_count(2)
    check(page, "audit-log")
    page.get_by_label("Event").fill("incident.changed")
    page.get_by_label("Record", exact=True).fill("are down")
    page.get_by_role("button", name="Filter").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Orders are slow → Orders are down")
    rows.get_by_role("link", name="Orders are down").first.click()
    # Everything of this record, and of no other.
    expect(rows).to_have_count(3)
    expect(page.get_by_text("Mail is late")).to_have_count(0)
    with page.expect_download() as started:
        page.get_by_role("link", name="Export as JSON lines").click()
    target = tmp_path / "audit.jsonl"
    started.value.save_as(target)
    entries = [json.loads(line) for line in target.read_text().splitlines()]
    changes = ["incident.created", "incident.changed", "incident.changed"]
    assert [entry["event"] for entry in entries] == changes
    assert started.value.suggested_filename.endswith(".jsonl")
    page.get_by_role("link", name="Open the record").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Orders are down")
