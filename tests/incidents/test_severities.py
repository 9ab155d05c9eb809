"""One table of severities for whatever word a tool or a person uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Incident
from incidents.severities import is_unknown, severity_named, severity_of_alert

WORDS = {
    "SEV1": [
        "SEV1", "sev-1", "Sev 0", "Sev.1", "SEV_1", "P0", "p1", "P-1", "S1", "Severity 1", "prio 1",
        "Level 1", "1", "0", "1.0", "1 - Critical", "Critical (1)", "Critical - P1", "P1: page",
        "Highest", "Blocker", "fatal", "FATAL", "Disaster", "emergency", "emerg", "Urgent", "page",
        "Very High", "Extreme", "major_outage", "Major Outage", "critical!", "Kritisch", "DOWN",
        "red", "🔴 critical", "pager", "priority::1", "S1-Critical", "Sev0 - Critical", "Sev - 1",
    ],
    "SEV2": [
        "SEV2", "sev:2", "P2", "S2", "2", "2 - High", "High", "high-urgency", "Major", "error",
        "ERR", "alert", "partial_outage", "Significant", "Priority: High", "P2 - Critical", "hoch",
        "orange", "Incident - P2", "severity::2", "severity/high", "SEV 2 / High", "high (2)",
    ],
    "SEV3": [
        "SEV3", "P3", "S3", "3 - Moderate", "Medium", "minor", "Minor (3)", "warning", "WARN",
        "Average", "normal", "non-critical", "NoData", "UNKNOWN", "sev 3 (minor)", "mittel",
        "yellow", "Amber", "p3/medium", "Warning/Minor",
    ],
    "SEV4": [
        "SEV4", "SEV-5", "P4", "P5", "4 - Low", "5 - Planning", "Low", "Lowest", "info",
        "Information", "notice", "debug", "none", "Not classified", "trivial", "Very Low",
        "niedrig", "green", "low_urgency",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "severity"), [(word, severity) for severity in WORDS for word in WORDS[severity]]
)
def test_the_words_of_all_products_are_read(word: str, severity: str) -> None:
    assert severity_named(word) == severity
    assert not is_unknown(word)


@pytest.mark.parametrize("word", ["purple", "P10", "SEV1.5", "10", "tbd", "Houston"])
def test_an_unknown_word_is_known_to_be_unknown(word: str) -> None:
    assert severity_named(word) is None
    assert is_unknown(word)


@pytest.mark.parametrize("word", ["", " ", "-", "N/A", "null", "<no value>"])
def test_no_word_is_not_an_unknown_one(word: str) -> None:
    assert not is_unknown(word)


@given(st.text(max_size=120), st.sampled_from(["core", "normal", "supplementary"]))
def test_a_tier_only_raises_what_the_monitor_says(word: str, tier: str) -> None:
    plain = severity_of_alert(word, "normal")
    assert Incident.Severity(severity_of_alert(word, tier)).is_at_least(plain)
    assert plain == (severity_named(word) or "SEV3")
