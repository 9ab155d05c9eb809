"""The server that plays PagerDuty and Opsgenie accepts what the vendors' own clients send.

pagerduty 7.2.0 and opsgenie-sdk 2.1.5, as on PyPI in November 2026.
"""

from __future__ import annotations

import opsgenie_sdk
import pagerduty
import pytest
from opsgenie_sdk.exceptions import AuthenticationException, ConfigurationException

from tests.pager_server import KEY, SENDER, Pagers


@pytest.fixture
def client(pagers: Pagers) -> pagerduty.RestApiV2Client:
    pagers.user("PADA", "Ada Example", "ada@example.com")
    pagers.open_incident("PT4KHLK")
    made = pagerduty.RestApiV2Client(KEY, default_from=SENDER)
    # It takes addresses of https only.
    made._url = pagers.url
    return made


def test_pagerdutys_client_writes_notes_and_states(
    client: pagerduty.RestApiV2Client, pagers: Pagers
) -> None:
    note = client.rpost("/incidents/PT4KHLK/notes", json={"content": "Looking"})
    assert note["content"] == "Looking"
    assert pagers.incidents["PT4KHLK"]["notes"] == ["Looking"]
    change = {"id": "PT4KHLK", "type": "incident_reference", "status": "resolved"}
    assert client.rput("/incidents", json=[change])[0]["status"] == "resolved"
    kinds = [body["event"]["event_type"] for _, body in pagers.webhooks]
    assert kinds == ["incident.annotated", "incident.resolved"]
    with pytest.raises(pagerduty.HttpError, match="400"):
        client.rput("/incidents", json=[change])


def test_pagerdutys_client_reads_people_services_and_rotas_by_pages(
    client: pagerduty.RestApiV2Client, pagers: Pagers
) -> None:
    assert client.rget("/users/PADA")["email"] == "ada@example.com"
    pagers.services = [{"id": f"P{n}", "name": f"s{n}"} for n in range(230)]
    assert len(client.list_all("services")) == 230
    pagers.oncalls = [
        {"escalation_policy": {"id": "PEP1"}, "user": {"id": "PADA"}, "escalation_level": 1}
    ]
    wanted = {"escalation_policy_ids[]": ["PEP1"], "include[]": ["users"]}
    [row] = client.list_all("oncalls", params=wanted)
    assert row["user"]["email"] == "ada@example.com"


def test_pagerdutys_client_meets_its_refusals(
    client: pagerduty.RestApiV2Client, pagers: Pagers
) -> None:
    with pytest.raises(pagerduty.HttpError, match="404"):
        client.rget("/users/PNOBODY")
    pagers.keys.clear()
    with pytest.raises(pagerduty.Error, match="401"):
        client.rget("/users/PADA")


@pytest.fixture
def alerts(pagers: Pagers) -> opsgenie_sdk.AlertApi:
    pagers.open_alert("052652ac-5d1c")
    configuration = opsgenie_sdk.Configuration()
    configuration.host = pagers.url
    configuration.api_key["Authorization"] = KEY
    configuration.retry_enabled = False
    return opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration))


def test_opsgenies_client_writes_notes_and_states(
    alerts: opsgenie_sdk.AlertApi, pagers: Pagers
) -> None:
    who = {"user": "Causebook", "source": "Causebook"}
    note = opsgenie_sdk.AddNoteToAlertPayload(note="Looking", **who)
    answer = alerts.add_note("052652ac-5d1c", note, identifier_type="id")
    assert answer.result == "Request will be processed"
    acknowledge = opsgenie_sdk.AcknowledgeAlertPayload(**who)
    alerts.acknowledge_alert(
        "052652ac-5d1c", identifier_type="id", acknowledge_alert_payload=acknowledge
    )
    close = opsgenie_sdk.CloseAlertPayload(note="Fixed", **who)
    alerts.close_alert("052652ac-5d1c", identifier_type="id", close_alert_payload=close)
    row = pagers.alerts["052652ac-5d1c"]
    assert (row["acknowledged"], row["status"], row["notes"]) == (
        True, "closed", ["Looking", "Fixed"],
    )  # fmt: skip
    actions = [body["action"] for _, body in pagers.webhooks]
    assert actions == ["AddNote", "Acknowledge", "Close"]


def test_opsgenies_client_meets_its_refusals(alerts: opsgenie_sdk.AlertApi, pagers: Pagers) -> None:
    note = opsgenie_sdk.AddNoteToAlertPayload(note="x" * 25_001)
    with pytest.raises(ConfigurationException, match="422"):
        alerts.add_note("052652ac-5d1c", note)
    pagers.keys.clear()
    with pytest.raises(AuthenticationException, match="401"):
        alerts.add_note("052652ac-5d1c", opsgenie_sdk.AddNoteToAlertPayload(note="x"))
