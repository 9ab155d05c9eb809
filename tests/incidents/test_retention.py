"""Old records go by the rules that settings say; what waits, is open, cited or by people stays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, models
from django.utils import timezone

from accounts.storage import applying
from accounts.tasks import apply_retention
from common import retention
from common.retention import KINDS, Kind
from config import env
from incidents.filing import add_note, edit_incident, file_incident, set_status
from incidents.models import (
    Alert,
    Change,
    Delivery,
    Event,
    Incident,
    Notice,
    ScheduledRun,
    Service,
    TimelineEntry,
    UnknownService,
)
from kb.models import Picture
from kb.postmortems.editing import save_draft, save_postmortem, start_postmortem
from people.models import Invitation
from practice.models import Slo, SloDay
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n"


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def dated(row: models.Model, days: float, *names: str, **fields: Any) -> Any:
    """The row as if it were so old."""
    values = {**dict.fromkeys(names, ago(days)), **fields}
    type(row)._base_manager.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


def apply(name: str) -> int:
    outcome = retention.apply(KINDS[name])
    assert outcome.finished, outcome
    assert retention.apply(KINDS[name]).rows == 0
    return outcome.rows


def test_old_deliveries_are_deleted_but_not_waiting_ones() -> None:
    integration, _ = make("change")
    for number, state in enumerate(("done", "failed", "waiting")):
        Delivery.objects.create(
            integration=integration, sender_id=str(number), body=b"{}", state=state,
            received_at=ago(40),
        )  # fmt: skip
    assert apply("deliveries") == 2
    assert Delivery.objects.get().state == "waiting"


def ended(title: str, days: float, *services: Service) -> Incident:
    incident = file_incident(title=title, services=services, impact_started_at=ago(days + 1))
    set_status(incident, "resolved")
    return dated(incident, days, "resolved_at")


def alert(name: str, days: float, incident: Incident | None, **fields: Any) -> Alert:
    fields = {"status": "resolved", "starts_at": ago(days), **fields}
    made = Alert.objects.create(
        source="am", fingerprint=f"{name}-{days}-{Alert.objects.count()}", name=name,
        incident=incident, **fields,
    )  # fmt: skip
    return dated(made, days, "received_at")


def test_alerts_of_no_incident_go_and_of_old_incidents_the_first_and_last_of_a_rule_stay(
    settings: Any,
) -> None:
    settings.ALERT_RETENTION_DAYS = {"core": 0, "normal": 400, "supplementary": 100}
    shop = Service.objects.create(name="shop")
    pay = Service.objects.create(name="pay", tier="core")
    old, young = ended("old", 450, shop), ended("young", 300, shop)
    core, small = (
        ended("core", 450, shop, pay),
        ended("small", 120, Service.objects.create(name="wiki", tier="supplementary")),
    )
    still_open = file_incident(title="open", services=[shop], impact_started_at=ago(451))
    stay = {
        alert("first", 451, old), alert("first", 450.1, old),
        alert("first", 450.9, old, service=shop),
        alert("once", 450.5, old), alert("late", 10, None),
        alert("fires again", 450, None, last_received_at=ago(2)),
    }  # fmt: skip
    for incident in (young, core, still_open):
        stay |= {alert("many", 450.5 - n / 100, incident) for n in range(4)}
    gone = {alert("first", 450.8 - n / 100, old) for n in range(5)}
    gone |= {alert("alone", 450, None), alert("alone", 449, None, status="firing")}
    stay |= {alert("many", 121, small), alert("many", 120.5, small)}
    gone.add(alert("many", 120.8, small))
    assert apply("alerts") == len(gone)
    assert set(Alert.objects.all()) == stay
    [entry] = old.timeline.filter(text__contains="ALERT_RETENTION_DAYS")
    assert "5 repeated alerts were deleted" in entry.text


def test_of_old_timelines_what_alerts_wrote_goes_and_what_people_did_stays(user: User) -> None:
    old, young = ended("old", 800), ended("young", 600)
    still_open = file_incident(title="open", impact_started_at=ago(900))

    def entry(incident: Incident, text: str, **fields: Any) -> TimelineEntry:
        fields = {"kind": "alert", **fields}
        made = TimelineEntry.objects.create(incident=incident, text=text, **fields)
        return dated(made, 800, "created_at")

    entry(old, "3 alerts joined")
    stay = {
        entry(old, "pinned", pinned=True), entry(old, "edited", edited_at=ago(790)),
        entry(old, "by a person", author=user), entry(young, "3 alerts joined"),
        entry(still_open, "3 alerts joined"), entry(old, "it was me", kind="note"),
        dated(add_note(old, "I restarted it", user), 800, "created_at"),
    }  # fmt: skip
    assert apply("timeline") == 1
    assert set(TimelineEntry.objects.all()) >= stay
    assert not old.timeline.filter(text="3 alerts joined").exists()


def test_old_changes_go_but_those_near_an_incident(database: Service) -> None:
    incident = ended("old", 799, database)

    def change(before: timedelta) -> Change:
        at = incident.impact_started_at - before
        return Change.objects.create(
            service=database, title="deploy", started_at=at, external_id=str(before),
            external_source="ci",
        )  # fmt: skip

    stay = {change(timedelta(hours=5)), change(-timedelta(minutes=10))}
    change(timedelta(hours=7)), change(-timedelta(minutes=20))
    stay.add(change(timedelta(days=-700)))
    assert apply("changes") == 2
    assert set(Change.objects.all()) == stay


def test_of_old_versions_the_newest_stays(database: Service, user: User) -> None:
    incident = file_incident(title="one", services=[database])
    for title in ("two", "three"):
        edit_incident(incident, user, title=title)
    deleted = file_incident(title="deleted", services=[database])
    key = deleted.pk
    deleted.delete()
    history = Incident.history.model
    [links] = [each.related_model for each in history._meta.related_objects]
    assert links.objects.count() == 4
    history.objects.update(history_date=ago(800))
    apply("history-of-incidents")
    assert list(history.objects.values_list("title", flat=True).filter(id=incident.pk)) == ["three"]
    assert not history.objects.filter(id=key, history_type="-").exists()
    assert links.objects.get().history.title == "three"
    assert Incident.objects.get(pk=incident.pk).title == "three"


def test_pictures_go_that_no_text_shows(user: User) -> None:
    first, other = (start_postmortem([file_incident(title=name)], user) for name in "ab")

    def picture() -> Picture:
        made = Picture.objects.create(postmortem=first, content_type="image/png", body=PNG)
        return dated(made, 40, "created_at")

    shown, former, drafted, copied, unused = (picture() for _ in range(5))
    new = Picture.objects.create(postmortem=first, content_type="image/png", body=PNG)

    def text(*pictures: Picture) -> str:
        return "\n".join(f"![x](/knowledge/pictures/{each.pk}/)" for each in pictures)

    for row, body in ((first, text(former)), (first, text(shown)), (other, text(copied))):
        save_postmortem(row, user, base_version=row.version, title="Why", body=body)
        row.refresh_from_db()
    save_draft(first, user, base_version=first.version, title="Why", body=text(drafted))
    assert apply("pictures") == 1
    assert set(Picture.objects.all()) == {shown, former, drafted, copied, new}
    assert not Picture.objects.filter(pk=unused.pk).exists()


def test_the_other_kinds_go_by_their_age(user: User, incident: Incident) -> None:
    slo = Slo.objects.create(service=incident.services.get(), name="up", target="99")
    for day in (date.today() - timedelta(days=801), date.today()):
        SloDay.objects.create(slo=slo, day=day, bad=[0.0] * 288, total=[1.0] * 288)
    for days in (100, 10):
        notice = Notice.objects.create(user=user, key=str(days), text="x", path="/")
        dated(notice, days, "created_at")
        session = Session.objects.create(
            session_key=f"s{days}", session_data="", expire_date=ago(days - 50)
        )
        UserSession.objects.create(user=user, ip="::1", session_key=session.pk, user_agent="x")
        for state in ("accepted_at", "open"):
            sent = Invitation.objects.create(
                email="a@b.example", digest=f"{days}{state}", expires_at=timezone.now() + ONE_DAY,
                accepted_at=timezone.now() if state == "accepted_at" else None,
            )  # fmt: skip
            dated(sent, days, "created_at")
    UserSession.objects.update(last_seen_at=ago(30))
    for name, ignored in (("seen", False), ("ignored", True)):
        UnknownService.objects.create(name=name, where="alerts", ignored=ignored, last_at=ago(200))
    Event.objects.update(at=ago(31))
    expected = {
        "slo-days": 1, "notices": 1, "sessions": 2, "invitations": 1, "unknown-services": 1,
        "events": Event.objects.count(),
    }  # fmt: skip
    assert {name: apply(name) for name in expected} == expected
    assert UnknownService.objects.get().name == "ignored"
    assert Session.objects.get().pk == "s10"


ONE_DAY = timedelta(days=1)


def test_a_rule_of_0_days_deletes_nothing_and_says_so(settings: Any) -> None:
    integration, _ = make("change")
    Delivery.objects.create(integration=integration, body=b"", state="done", received_at=ago(9000))
    settings.DELIVERY_RETENTION_DAYS = 0
    assert apply("deliveries") == 0
    assert KINDS["deliveries"].rule == "Stored for ever: DELIVERY_RETENTION_DAYS is 0."
    settings.EVIDENCE_RETENTION_DAYS = {"supplementary": 0}
    assert "Reduced 90 days (core: 365 days, supplementary: never)" in KINDS["evidence"].rule


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", {}),
        ("60", {"core": 60, "normal": 60, "supplementary": 60}),
        ("core = 700, supplementary=0", {"core": 700, "supplementary": 0}),
        ("tier1=5", None),
        ("-1", None),
        ("core=", None),
        ("99999999", None),
    ],
)
def test_days_by_tier_are_read_or_refused_at_the_start(
    given: str, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_RETENTION_DAYS", given)
    if expected is None:
        with pytest.raises(SystemExit, match="EVIDENCE_RETENTION_DAYS must be"):
            env.days_by_tier("EVIDENCE_RETENTION_DAYS")
    else:
        assert env.days_by_tier("EVIDENCE_RETENTION_DAYS") == expected


def test_runs_go_on_where_time_ended_and_do_again_what_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    integration, _ = make("change")
    Delivery.objects.bulk_create(
        Delivery(
            integration=integration, sender_id=str(number), body=b"{}", state="done",
            received_at=ago(40),
        )
        for number in range(2500)
    )  # fmt: skip
    mark = ScheduledRun.objects.filter(name="retention: deliveries")
    assert applying.apply_rules(seconds=0.0) == {}
    outcome = retention.apply(KINDS["deliveries"], seconds=0.0)
    assert (outcome.rows, outcome.finished) == (1000, False)
    assert not mark.exists()
    apply_retention()
    assert not Delivery.objects.exists()
    # A rule that left nothing is not applied again for hours, as what is old is looked for.
    Delivery.objects.create(integration=integration, body=b"", state="done", received_at=ago(40))
    apply_retention()
    assert Delivery.objects.count() == 1
    mark.update(last_at=ago(0.3))
    apply_retention()
    assert not Delivery.objects.exists()


def test_a_kind_whose_statement_takes_too_long_does_less_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    def slow(limits: Any, most: int) -> int:
        sizes.append(most)
        if most > 100:
            raise OperationalError("canceling statement due to statement timeout")
        return 0

    kind = Kind("Slow", (Notice,), "After {days}.", "created_at", default_days=1, delete=slow)
    assert retention.apply(kind).finished
    assert sizes == [1000, 250, 62]

    def locked(limits: Any, most: int) -> int:
        raise OperationalError("canceling statement due to lock timeout")

    stuck = Kind("Stuck", (Notice,), "After {days}.", "created_at", default_days=1, delete=locked)
    outcome = retention.apply(stuck)
    assert not outcome.finished
    assert "lock timeout" in outcome.problem


def test_nothing_is_deleted_while_clocks_say_different_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    integration, _ = make("change")
    Delivery.objects.create(integration=integration, body=b"", state="done", received_at=ago(10))
    monkeypatch.setattr(retention, "database_now", lambda: timezone.now() + timedelta(days=400))
    outcome = retention.apply(KINDS["deliveries"])
    assert not outcome.finished
    assert "differ by more than a day" in outcome.problem
    assert Delivery.objects.exists()
