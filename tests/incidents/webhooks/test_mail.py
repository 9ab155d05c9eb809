"""Mails of monitors and of everybody else, through the address that mail is posted to."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from common.payloads import BadPayload
from incidents.intake import processing
from incidents.models import Alert, Delivery, Incident, TierPolicy
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming
from incidents.webhooks.email import Email
from tests.incidents.signed_requests import make, request_for

CASES = Path(__file__).resolve().parents[2] / "cases" / "email-subject-pairs.txt"
HTML = """<html><head><style>p{}</style><title>x</title></head><body><!-- <p>unseen</p> -->
<p>Checkout answers with <b>errors</b> &amp; is slow.</p><script>alert("unseen")</script>
<table><tr><td>Host:</td><td>web-3</td></tr><tr><td>Service:</td><td>checkout</td></tr>
<tr><td>Severity:</td><td>major</td></tr></table>
<a href="https://wiki.example.com/checkout?a=1&amp;b=2">Runbook</a>
<a href="https://mail.example.com/unsubscribe">Unsubscribe</a></body></html>"""


def mail(subject: str, body: str = "x", html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "monitor@example.com"
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(html or body, subtype="html" if html else "plain")
    return bytes(message)


def read(raw: bytes) -> Event:
    return Email().read(Incoming({}, raw, timezone.now()))[0]


def alert_in(raw: bytes) -> AlertEvent:
    event = read(raw)
    assert isinstance(event, AlertEvent)
    return event


@pytest.mark.django_db
def test_each_pair_opens_and_ends_and_the_rest_opens_nothing(client: Client) -> None:
    pairs, _, rest = CASES.read_text().partition("# must open nothing:\n")
    subjects = [line for line in pairs.split("\n") if line and not line.startswith("#")]
    silent = [line.partition("   (")[0] for line in rest.split("\n") if line]
    assert len(subjects) == 12
    assert len(silent) == 3
    for number in range(0, len(subjects), 2):
        integration, secret = make("email", name=f"mail {number}")
        path, _, headers = request_for("email", integration.slug, secret, b"")
        for subject, status in zip(
            subjects[number : number + 2], ("firing", "resolved"), strict=True
        ):
            body = mail(subject)
            assert client.post(path, body, "message/rfc822", headers=headers).status_code == 202
            processing.process_waiting()
            alert = Alert.objects.get(source=f"email {integration.pk}")
            assert alert.status == status, subject
            assert alert.incident
    count = Incident.objects.count()
    for subject in silent:
        replied = "auto-replied" if subject.startswith("Automatic") else "no"
        body = mail(subject, Auto_Submitted=replied)
        assert client.post(path, body, "message/rfc822", headers=headers).status_code == 202
    processing.process_waiting()
    assert Incident.objects.count() == count
    assert not Delivery.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_an_acknowledgement_is_noted_once_on_alert_and_incident(client: Client) -> None:
    integration, secret = make("email", name="Nagios")
    path, _, headers = request_for("email", integration.slug, secret, b"")
    for number, subject in enumerate((
        "** ACKNOWLEDGEMENT Service Alert: db/Disk is CRITICAL **",
        "** PROBLEM Service Alert: db/Disk is CRITICAL **",
        "** ACKNOWLEDGEMENT Service Alert: db/Disk is CRITICAL **",
        "** ACKNOWLEDGEMENT Service Alert: db/Disk is CRITICAL **",
    )):  # fmt: skip
        body = mail(subject, Message_ID=f"<{number}@example.com>")
        client.post(path, body, "message/rfc822", headers=headers)
    processing.process_waiting()
    outcomes = list(Delivery.objects.order_by("pk").values_list("outcome", flat=True))
    assert "acknowledged, but no alert of it fires" in outcomes[0]
    alert = Alert.objects.get()
    assert alert.status == "firing"
    assert alert.acknowledged_at
    assert alert.incident
    assert alert.incident.acknowledged_at
    noted = alert.incident.timeline.filter(text="db/Disk was acknowledged in Nagios.")
    assert noted.count() == 1


@pytest.mark.django_db
def test_a_recovery_with_another_reason_ends_the_one_alert_of_its_monitor(client: Client) -> None:
    TierPolicy.objects.update(quiet_after=0)
    integration, secret = make("email", name="Uptime")
    path, _, headers = request_for("email", integration.slug, secret, b"")
    for subject in (
        "[shop] [🔴 Down] timeout of 48000ms exceeded",
        "[shop] [✅ Up] 200 - OK",
        "web1 is critical - disk space usage",
        "web1 is critical - ram in use",
        "web1 recovered - load average",
        "web1 recovered - ram in use",
    ):
        client.post(path, mail(subject), "message/rfc822", headers=headers)
    processing.process_waiting()
    firing = Alert.objects.filter(status="firing").values_list("summary", "name")
    assert Alert.objects.filter(status="resolved").count() == 2
    assert len(firing) == 1


def test_a_mail_of_html_alone_gives_its_text_labels_and_links() -> None:
    event = alert_in(mail("[PROBLEM] Checkout is slow", html=HTML))
    assert "Checkout answers with errors & is slow." in event.description
    assert "unseen" not in event.description
    assert event.links == (("Runbook", "https://wiki.example.com/checkout?a=1&b=2"),)
    assert (event.service, event.severity) == ("checkout", "major")
    assert event.labels["host"] == "web-3"


NAGIOS = """***** Nagios *****

Notification Type: {kind}

Service: {check}
Host: db-1
State: {state}

Additional Info:

DISK CRITICAL - free space: / 812 MB (4%)
Graph: https://graphs.example.com/db-1/disk
"""


def test_a_check_of_a_host_is_no_service_but_a_named_service_is() -> None:
    body = NAGIOS.format(kind="PROBLEM", check="Disk", state="CRITICAL")
    event = alert_in(mail("** PROBLEM Service Alert: db-1/Disk is CRITICAL **", body))
    assert (event.service, event.labels["host"], event.labels["check"]) == ("", "db-1", "Disk")
    assert "812 MB" in event.description
    assert event.links == (("Graph", "https://graphs.example.com/db-1/disk"),)
    named = alert_in(mail("Alert: slow", "Service: orders-api\nPriority: High\n\nSlow."))
    assert (named.service, named.severity) == ("orders-api", "High")


def test_a_subject_without_state_or_name_is_read_by_the_labels_of_the_text() -> None:
    kinds = (("PROBLEM", "CRITICAL", True), ("RECOVERY", "OK", False))
    first, last = (
        alert_in(mail("Nagios alert", NAGIOS.format(kind=kind, check="Disk", state=state)))
        for kind, state, _ in kinds
    )
    assert (first.firing, last.firing) == (True, False)
    assert first.fingerprint == last.fingerprint
    assert first.name == "Disk on db-1"


@pytest.mark.parametrize(
    ("subject", "headers", "severity"),
    [
        pytest.param("Disk full", {"X_Priority": "1 (Highest)"}, "highest", id="x-priority"),
        pytest.param("Disk full", {"Importance": "High"}, "high", id="importance"),
        pytest.param("Disk full", {"X_Priority": "3"}, "", id="normal"),
        pytest.param("[P2] Disk full", {"X_Priority": "1"}, "P2", id="subject wins"),
        pytest.param("=?utf-8?B?W0NSSVRJQ0FMXSBEaXNrIGbDvGxsdA==?=", {}, "critical", id="encoded"),
    ],
)
def test_the_severity_of_a_mail(subject: str, headers: dict[str, str], severity: str) -> None:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    raw = "\r\n".join([f"Subject: {subject}", *lines, "", "x"]).encode()
    assert alert_in(raw).severity == severity


@pytest.mark.parametrize(
    ("subject", "headers", "why"),
    [
        pytest.param("Re: [FIRING:1] x", {"Auto-Submitted": "auto-replied"}, "reply", id="rfc3834"),
        pytest.param("x", {"X-Autoreply": "yes"}, "reply", id="x-autoreply"),
        pytest.param("x", {"Precedence": "auto_reply"}, "reply", id="precedence"),
        pytest.param("x", {"Precedence": "bulk", "In-Reply-To": "<1@x>"}, "reply", id="vacation"),
        pytest.param("Out of Office: Disk", {}, "reply", id="out of office"),
        pytest.param("Abwesenheitsnotiz: Disk", {}, "reply", id="German"),
        pytest.param("Automatische Antwort: Disk", {}, "reply", id="German reply"),
        pytest.param("Réponse automatique : Disk", {}, "reply", id="French"),
        pytest.param("Respuesta automática: Disk", {}, "reply", id="Spanish"),
        pytest.param("Undeliverable: [CRITICAL] Disk", {}, "mail server", id="Exchange"),
        pytest.param("Mail delivery failed: returning", {}, "mail server", id="Exim"),
        pytest.param(
            "Undelivered Mail Returned to Sender",
            {"Content-Type": 'multipart/report; report-type=delivery-status; boundary="b"'},
            "mail server", id="Postfix",
        ),
        pytest.param("failure notice", {"From": "MAILER-DAEMON@x.com"}, "mail server", id="qmail"),
        pytest.param("** FLAPPINGSTART Host Alert: web **", {}, "flapping", id="flapping"),
        pytest.param("** DOWNTIMESTART Host Alert: web **", {}, "downtime", id="downtime"),
        pytest.param("[TEST] Disk", {}, "test", id="test"),
    ],
)  # fmt: skip
def test_what_is_no_alert_opens_nothing_and_says_why(
    subject: str, headers: dict[str, str], why: str
) -> None:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    event = read("\r\n".join([f"Subject: {subject}", *lines, "", "x"]).encode())
    assert isinstance(event, Ignored)
    assert why in event.why


@pytest.mark.parametrize("header", ["auto-generated", "no"])
def test_a_mail_that_a_program_made_is_an_alert(header: str) -> None:
    assert alert_in(mail("[CRITICAL] Disk", Auto_Submitted=header, Precedence="bulk")).firing


NAMES = "Subject From Date Message-ID Content-Type Content-Transfer-Encoding X-Priority Precedence"


@given(
    headers=st.lists(st.tuples(st.sampled_from(NAMES.split()), st.text(max_size=60)), max_size=6),
    kind=st.sampled_from(["text/html", "text/plain; charset=x-unknown", "multipart/mixed", "x"]),
    body=st.binary(max_size=300) | st.text(alphabet="<a href='p>!-/ \n", max_size=200),
)
def test_no_mail_raises_anything_but_its_own_refusal(
    headers: list[tuple[str, str]], kind: str, body: bytes | str
) -> None:
    lines = [f"{name}: {value}" for name, value in headers]
    head = "\n".join(["Subject: Disk", f"Content-Type: {kind}", *lines]).encode("utf-8", "replace")
    raw = head + b"\n\n" + (body if isinstance(body, bytes) else body.encode())
    try:
        events = Email().read(Incoming({}, raw, timezone.now()))
    except BadPayload:
        return
    assert len(events) == 1
