"""Senders with ways of their own: mail, JSON by a mapping, SNS subscriptions."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from incidents.intake import processing, receiving
from incidents.models import Alert, Delivery, Integration, Service
from tests.incidents.signed_requests import make, sample

pytestmark = pytest.mark.django_db


def deliver(kind: str, integration: Integration, body: bytes) -> Delivery:
    receiving.store(integration, {}, body)
    processing.process_waiting()
    return Delivery.objects.latest("pk")


def test_a_mapping_reads_the_json_of_an_unknown_sender() -> None:
    Service.objects.create(name="blog")
    settings = {
        "rows_at": "items", "name_at": "what.title", "state_at": "up", "ended_words": "true",
        "service_at": "what.svc", "fingerprint_at": "id",
    }  # fmt: skip
    integration, _ = make("generic", settings=settings)
    row = b'{"id": %d, "up": "%s", "what": {"title": "Down", "svc": "blog"}}'
    deliver("generic", integration, b'{"items": [' + row % (1, b"false") + b"]}")
    deliver("generic", integration, b'{"items": [' + row % (1, b"true") + b"]}")
    alert = Alert.objects.get()
    assert (alert.name, alert.status, alert.service and alert.service.name) == (
        "Down", "resolved", "blog",
    )  # fmt: skip


ENDED: list[object] = [
    "OK", "UP", "RECOVERED", "RESOLVED", "closed", "normal", "green", "0", 0, False, "inactive",
    "cleared", "CRIT -> OK", ["OK"],
]  # fmt: skip


def test_an_unmapped_state_of_any_product_ends_its_alert_and_silent_ones_open_none() -> None:
    integration, _ = make("generic", settings={"rows_at": "groups.alerts"})

    def send(states: list[object], title: str) -> None:
        rows = [{"name": title % n, "status": state} for n, state in enumerate(states)]
        deliver("generic", integration, json.dumps({"groups": [{"alerts": rows}]}).encode())

    send(["firing"] * len(ENDED), "[FIRING:1] Disk of db-%s is low")
    send(ENDED, "[RESOLVED] Disk of db-%s is low")
    ended = Alert.objects.filter(status="resolved", name__startswith="Disk of")
    assert ended.count() == len(ENDED)
    send(["pending", "flapping", "in downtime", "maintenance", "suppressed"], "Lag of db-%s")
    send(["acknowledged"], "Lag of db-%s")
    assert Alert.objects.count() == len(ENDED)
    send(["critical"], "Lag of db-%s")
    send(["ACK"], "Lag of db-%s")
    alert = Alert.objects.get(name="Lag of db-0")
    assert alert.status == "firing"
    assert alert.acknowledged_at


@pytest.mark.parametrize(
    ("words", "value", "status"),
    [
        pytest.param({"firing_words": "up, open"}, "UP", "firing", id="a word that fires"),
        pytest.param({"ended_words": "done"}, "Done", "resolved", id="a word that ends"),
        pytest.param({"ended_words": "done"}, "resolved", "resolved", id="the usual ones too"),
        pytest.param({"ended_words": "true"}, False, "firing", id="false where true ends"),
        pytest.param({"ended_words": "1"}, 0, "firing", id="0 where 1 ends"),
        pytest.param({"acknowledged_words": "seen"}, "seen", "firing", id="acknowledged"),
        pytest.param({"ignored_words": "note"}, "note", "firing", id="ignored"),
        pytest.param({}, "purple", "firing", id="unknown words fire"),
    ],
)
def test_the_words_of_the_settings_win(words: dict[str, str], value: object, status: str) -> None:
    integration, _ = make("generic", settings=words)
    deliver("generic", integration, b'{"name": "Lag", "status": "critical"}')
    body = {"name": "Lag", "status": value}
    delivery = deliver("generic", integration, json.dumps(body).encode())
    alert = Alert.objects.get()
    assert alert.status == status, delivery.outcome
    assert bool(alert.acknowledged_at) == (value == "seen")


def test_values_are_found_in_nested_lists_and_names_with_dots() -> None:
    Service.objects.create(name="blog")
    settings = {
        "rows_at": "data.items", "name_at": "rule.title", "state_at": "conditions.state.value",
        "service_at": "labels.app.kubernetes.io/name", "labels_at": "tags", "summary_at": "texts",
    }  # fmt: skip
    integration, _ = make("generic", settings=settings)
    row = {
        "rule": [{"title": "Lag is high"}],
        "conditions": [{"at": 1}, {"state": {"value": "ALARM"}}],
        "labels": {"app.kubernetes.io/name": "blog"},
        "tags": ["zone:eu", {"name": "rack", "value": 7}],
        "texts": ["90 s behind"],
    }
    deliver("generic", integration, json.dumps({"data": [{"items": [row]}]}).encode())
    alert = Alert.objects.get()
    assert (alert.name, alert.status, alert.summary) == ("Lag is high", "firing", "90 s behind")
    assert alert.service == Service.objects.get()
    assert alert.labels == {"zone": "eu", "rack": "7"}


def test_mail_can_be_piped_in_and_its_recovery_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make("email", name="E-mail")

    def pipe(raw: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        call_command("take_mail", "E-mail")
        processing.process_waiting()

    pipe(sample("email"))
    pipe(sample("email").replace(b"[CRITICAL]", b"[RESOLVED]").replace(b"lag-17", b"lag-18"))
    assert Alert.objects.get().status == "resolved"
    with pytest.raises(CommandError, match="no e-mail integration"):
        call_command("take_mail", "Nobody")


def test_the_subscription_of_a_topic_is_shown_and_no_address_is_opened() -> None:
    integration, _ = make("sns")
    body = b'{"Type": "SubscriptionConfirmation", "SubscribeURL": "http://169.254.169.254/x"}'
    delivery = deliver("sns", integration, body)
    assert "open http://169.254.169.254/x if you asked for it" in delivery.outcome
