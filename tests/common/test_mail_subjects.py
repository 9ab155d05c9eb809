"""Subjects of mails as monitors send them, and as their users' templates do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.alert_states import State, state_of
from common.mail_subjects import read_subject

NAMES = {
    "** PROBLEM Service Alert: web/HTTP is CRITICAL **": "web/HTTP",
    "[FIRING:1] HighLatency (search prod)": "HighLatency (search prod)",
    "Problem: Disk is low": "Disk is low",
    "Monitor is DOWN: shop": "shop",
    "[search/api] Alert triggered": "search/api",
    "Check_MK: web01/CPU load OK -> CRIT": "web01/CPU load",
    "[shop] [🔴 Down] timeout of 48000ms exceeded": "shop",
    "Fired:Sev3 Azure Monitor Alert cpu high on vm-1 ( microsoft.compute/virtualmachines ) at "
    "5/20/2026 8:13:00 AM": "cpu high on vm-1",
    "[P1] [Triggered on {host:web1}] CPU high": "CPU high",
    "OPEN Problem P-2605123: Response time degradation": "Response time degradation",
    "DNS name of shop could not be resolved": "DNS name of shop could not be resolved",
    "Recovery job failed": "Recovery job failed",
    "Down payments fail": "Down payments fail",
    "WG: Fwd: [CRITICAL] orders-db replication lag": "orders-db replication lag",
}
SEVERITIES = {
    "[P1] [Triggered] CPU high": "P1",
    "[PROBLEM] HTTP on web is CRITICAL!": "critical",
    "Check_MK: web01/CPU load OK -> WARN": "warn",
    "Xymon [123456] web1:http CRITICAL (RED)": "critical",
    "[WARNING] SSL certificate of shop": "warning",
    "[Sev2] Orders stuck": "Sev2",
    "Monitor is DOWN: shop": "down",
    "[FIRING:1] HighLatency (search prod)": "",
}


UNKNOWN: list[object] = ["purple", "", None, {}, 42, "checkout"]


def subjects(head: str) -> list[str]:
    """The subjects below a heading of the file beside this one."""
    file = Path(__file__).with_name("mail_subjects.txt")
    section = file.read_text().partition(f"# {head}\n")[2].partition("\n# ")[0]
    return [line for line in section.split("\n") if line]


def pairs() -> list[tuple[str, str]]:
    found = subjects("opens, then ends")
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize(("opens", "ends"), pairs())
def test_a_recovery_belongs_to_what_it_ends(opens: str, ends: str) -> None:
    first, last = read_subject(opens), read_subject(ends)
    assert first.state in (State.FIRING, None)
    assert last.state == State.ENDED
    assert first.key == last.key != ""
    assert first.name


@pytest.mark.parametrize(
    ("subject", "state"),
    [(each, State.ACKNOWLEDGED) for each in subjects("acknowledged")]
    + [(each, State.NO_NEWS) for each in subjects("no news")]
    + [(each, State.FIRING) for each in subjects("fires, whatever its words")],
)
def test_the_state_of_a_subject(subject: str, state: State) -> None:
    assert (read_subject(subject).state or State.FIRING) == state


@pytest.mark.parametrize(("subject", "name"), NAMES.items())
def test_the_name_is_without_state_priority_and_count(subject: str, name: str) -> None:
    assert read_subject(subject).name == name


@pytest.mark.parametrize(("subject", "severity"), SEVERITIES.items())
def test_the_severity_is_the_senders_word(subject: str, severity: str) -> None:
    assert read_subject(subject).severity == severity


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Monitor is DOWN: shop", "Monitor is DOWN: shop-eu"),
        ("[FIRING:1] CPU above 80 on web1", "[FIRING:1] CPU above 80 on web2"),
        ("[FIRING:1] Disk usage above 80%", "[FIRING:1] Disk usage above 95%"),
        ("Orders are lost", "Orders are stuck"),
        ("Monitor is DOWN: grafana", "Monitor is DOWN: sentry"),
        ("CPU is critical on web-1", "CPU is critical on web-2"),
        ("** PROBLEM Host Alert: web is DOWN **", "** PROBLEM Service Alert: web/HTTP is DOWN **"),
    ],
)
def test_alerts_of_unlike_things_are_apart(first: str, second: str) -> None:
    assert read_subject(first).key != read_subject(second).key


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("[FIRING:1] HighLatency (prod)", "[FIRING:3] HighLatency (prod)"),
        ("Disk usage on web1 is 91%", "Disk usage on web1 is 92.5 %"),
        ("shop is down", "Reminder: shop is still down"),
        ("CRITICAL: web1 - load average: 12.1", "CRITICAL: web1 - load average: 14"),
        ("[shop] [🔴 Down] timeout", "[shop] [🔴 Down] connect ECONNREFUSED"),
        ("shop is DOWN - HTTP 503", "shop is DOWN - timeout"),
        ("web1 unreachable since 10:31:07", "web1 unreachable since 10:36:07"),
    ],
)
def test_a_mail_sent_again_is_the_same_alert(first: str, again: str) -> None:
    assert read_subject(first).key == read_subject(again).key


@pytest.mark.parametrize(
    ("value", "state"),
    [
        *((each, State.ENDED) for each in (
            "OK", "UP", "RECOVERED", "RESOLVED", "closed", "normal", "green", "0", 0, 0.0, False,
            "inactive", "cleared", "CRIT -> OK", "not firing", "CLOSED_AUTO", "back to normal",
            "Success", "healthy", "operational", ["OK", "ok"], "auto-resolved", "🟢 UP",
            "Normal (NoData)", "✅", "state changed from ALARM to OK", "RESOLVED_BY_TIMEOUT",
        )),
        *((each, State.FIRING) for each in (
            "firing", "OK -> CRIT", "ALARM", "down", "red", 1, True, "Triggered", "not ok", "open",
            "unhealthy", "No Data", "WARNING", "in_alarm", "ACTIVATED", ["OK", "CRIT"],
            "unresolved", "from OK to CRITICAL", "Alerting (Error)", "failed to recover", "🔴",
        )),
        *((each, State.ACKNOWLEDGED) for each in ("acknowledged", "ACK", "Acknowledgement")),
        *((each, State.NO_NEWS) for each in (
            "pending", "flapping", "FLAPPINGSTART", "in downtime", "maintenance", "suppressed",
            "INSUFFICIENT_DATA", "paused", "under maintenance", "silenced",
        )),
        *((each, None) for each in UNKNOWN),
    ],
)  # fmt: skip
def test_the_state_of_a_value(value: object, state: State | None) -> None:
    assert state_of(value) == state


@given(st.text(max_size=400))
def test_any_subject_is_read(subject: str) -> None:
    said = read_subject(subject)
    assert said.name or not any(each.isalnum() for each in subject)


@pytest.mark.clock
@pytest.mark.parametrize("part", ["is up ", "OK -> ", "[FIRING:1] ", "a-", "resolved by ", "1 h "])
def test_a_long_subject_is_read_in_no_time(part: str) -> None:
    began = time.monotonic()
    read_subject(part * 20_000)
    assert time.monotonic() - began < 1
