"""Logs that are watched outside incidents: signs, the page, and the rule that opens incidents."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from analysis.evidence.log_watch import due_profiles, read_log
from analysis.models import LogProfile, LogSign, LogWatch, Source
from common import retention
from common.retention import KINDS
from incidents.filing import file_incident, set_status
from incidents.models import Incident, Service

pytestmark = pytest.mark.django_db


class Log:
    """A Loki that has some lines in the last minutes of every window."""

    def __init__(self) -> None:
        self.lines = ["served request 1 in 12 ms"] * 20

    def __call__(self, request: Any) -> None:
        at = (timezone.now() - timedelta(minutes=5)).timestamp()
        values = [[str(int((at + n) * 1e9)), line] for n, line in enumerate(self.lines)]
        result = [{"stream": {}, "values": values}]
        request.reply(200, json.dumps({"status": "success", "data": {"result": result}}).encode())


@pytest.fixture
def log(server: Callable[[Any], str]) -> Log:
    """The log of orders-db, watched for two days."""
    served = Log()
    Source.objects.create(name="Loki", kind="loki", settings={"url": server(served)})
    return served


@pytest.fixture
def profile(log: Log, database: Service) -> LogProfile:
    LogWatch.objects.create(source=Source.objects.get())
    assert due_profiles(10) == []
    profile = LogProfile.objects.get(service=database)
    LogProfile.objects.update(started_at=timezone.now() - timedelta(days=2))
    assert next_window(profile) == []
    return profile


def next_window(profile: LogProfile) -> list[LogSign]:
    """Read the log as ten minutes later."""
    LogProfile.objects.update(read_until=timezone.now() - timedelta(minutes=11))
    return read_log(profile.pk)


def opens(value: str) -> None:
    LogWatch.objects.update(opens=value)


def test_a_new_line_is_a_sign_and_is_listed_by_service(
    log: Log, profile: LogProfile, web: Client
) -> None:
    log.lines += ["<b>pool exhausted</b>"] * 4
    [sign] = next_window(profile)
    assert (sign.kind, sign.count, sign.error) == ("new", 4, True)
    page = web.get("/analysis/log-lines/").content.decode()
    assert "&lt;b&gt;pool exhausted&lt;/b&gt;" in page
    assert "orders-db" in page
    assert not Incident.objects.exists()


def test_what_goes_on_is_one_sign(log: Log, profile: LogProfile) -> None:
    log.lines += ["pool exhausted"] * 4
    assert len(next_window(profile)) == 1
    assert next_window(profile) == []
    assert LogSign.objects.count() == 1


def test_reading_the_same_window_twice_stores_nothing_twice(log: Log, profile: LogProfile) -> None:
    log.lines += ["pool exhausted"] * 4
    next_window(profile)
    assert read_log(profile.pk) == []
    assert LogSign.objects.count() == 1


def test_for_a_day_it_only_learns(log: Log, profile: LogProfile) -> None:
    LogProfile.objects.update(started_at=timezone.now())
    log.lines += ["pool exhausted"] * 4
    assert next_window(profile) == []
    profile.refresh_from_db()
    assert len(profile.templates) == 2


def test_during_an_incident_lines_are_neither_signs_nor_learnt(
    log: Log, profile: LogProfile, database: Service
) -> None:
    incident = file_incident(title="Slow", services=[database], private=True)
    log.lines += ["pool exhausted"] * 4
    assert next_window(profile) == []
    set_status(incident, "resolved")
    assert [sign.kind for sign in next_window(profile)] == ["new"]


def test_only_a_rule_opens_an_incident_and_only_one(log: Log, profile: LogProfile) -> None:
    opens("new")
    log.lines += ["cache refreshed"] * 2
    next_window(profile)
    assert not Incident.objects.exists()  # It reports no error.
    log.lines += ["pool exhausted by [someone](http://x)", "disk failed"]
    next_window(profile)
    incident = Incident.objects.get()
    assert incident.title.startswith("orders-db: new log line: ")
    assert [service.name for service in incident.services.all()] == ["orders-db"]
    assert "[someone](http" not in incident.symptom
    assert LogSign.objects.filter(incident=incident).count() == 2
    log.lines += ["replica failed too"]
    next_window(profile)
    assert Incident.objects.count() == 1


def test_a_burst_opens_one_only_where_the_rule_says_so(log: Log, profile: LogProfile) -> None:
    log.lines += ["request failed with code 7"]
    next_window(profile)
    LogSign.objects.update(last_at=timezone.now() - timedelta(days=1))
    opens("new")
    log.lines += ["request failed with code 8"] * 60
    assert [sign.kind for sign in next_window(profile)] == ["burst"]
    assert not Incident.objects.exists()
    opens("any")
    log.lines += ["request failed with code 9"] * 600
    LogSign.objects.update(last_at=timezone.now() - timedelta(days=1))
    next_window(profile)
    assert "burst of a log line" in Incident.objects.get().title


def test_a_log_that_cannot_be_read_is_a_stated_problem(profile: LogProfile, web: Client) -> None:
    Source.objects.update(settings={"url": "http://127.0.0.1:1"})
    assert next_window(profile) == []
    assert "cannot be reached" in web.get("/analysis/log-lines/").content.decode()


def test_nothing_is_read_that_is_not_watched(log: Log, database: Service) -> None:
    assert due_profiles(10) == []
    assert not LogProfile.objects.exists()


def test_signs_are_deleted_after_a_month(log: Log, profile: LogProfile) -> None:
    log.lines += ["pool exhausted"]
    next_window(profile)
    LogSign.objects.update(last_at=timezone.now() - timedelta(days=31))
    retention.apply(KINDS["log-signs"])
    assert not LogSign.objects.exists()


def test_an_incident_that_may_not_be_seen_is_not_named(
    log: Log, profile: LogProfile, web: Client, other: User
) -> None:
    opens("new")
    log.lines += ["pool exhausted"]
    next_window(profile)
    incident = Incident.objects.get()
    assert incident.reference in web.get("/analysis/log-lines/").content.decode()
    Incident.objects.update(private=True)
    web.force_login(other)
    assert incident.reference not in web.get("/analysis/log-lines/").content.decode()


def test_only_who_manages_sources_changes_what_is_watched(
    log: Log, web: Client, admin_client: Client
) -> None:
    address = f"/analysis/log-lines/{Source.objects.get().pk}/watch/"
    chosen = {"enabled": "on", "opens": "new"}
    assert web.post(address, chosen).status_code == 403
    assert admin_client.post(address, chosen).status_code == 302
    assert LogWatch.objects.get().opens == "new"
    page = web.get("/analysis/log-lines/").content.decode()
    assert "opens incidents: for new lines that report errors" in page
