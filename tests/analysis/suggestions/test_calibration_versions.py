"""What is learnt from history: how sure an answer is, and when to say that nothing is alike."""

from __future__ import annotations

import json
import random
import tomllib
from datetime import timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from analysis.similarity.calibration import MIN_ANSWERS, Calibration, calibrate
from analysis.similarity.ranking import features
from analysis.similarity.simulation import HistoricIncident, SimulatedAnswer, simulate
from analysis.similarity.votes import Ballot, CauseRecord, Link, vote
from analysis.similarity.weights import Document
from analysis.suggestions.calibration_versions import active_fit, calibration, learn, roll_back
from analysis.suggestions.documents import incident_document
from analysis.suggestions.engine import suggest_for_text
from incidents.filing import file_incident
from kb.causes.linking import link_cause, name_cause

HISTORY = Path(settings.BASE_DIR) / "demo" / "history.toml"


def demo_history() -> tuple[list[HistoricIncident], dict[int, Document]]:
    """The demo's incidents in the order in which it loads them, from their texts alone."""
    causes_written = tomllib.loads(HISTORY.read_text())["cause"]
    rows = [(number, line.split("|")) for number, cause in enumerate(causes_written, 1)
            for line in cause["incidents"].splitlines() if line.strip()]  # fmt: skip
    random.Random(7).shuffle(rows)
    history = []
    for key, (cause, row) in enumerate(rows, 1):
        service, _, _, title, symptom, _ = (part.strip() for part in row)
        document = incident_document(key=key, title=title, symptom=symptom, services=[service])
        history.append(
            HistoricIncident(document, [Link(key, cause, "root", "confirmed")], days=2.0 * key)
        )
    causes = {
        number: Document(
            -number, {"title": cause["name"], "body": f"{cause['what']}\n{cause['how_to_tell']}"}
        )
        for number, cause in enumerate(causes_written, 1)
    }
    return history, causes


@pytest.fixture(scope="module")
def learnt() -> Calibration:
    found = calibrate(simulate(*demo_history()))
    assert found is not None
    return found


def test_known_causes_come_first_or_nearly_so_on_the_demo_history(learnt: Calibration) -> None:
    judged = learnt.judged
    assert judged.hits["1"] >= 0.8 * judged.answers
    assert judged.hits["5"] >= 0.9 * judged.answers


def test_known_causes_are_hardly_refused_and_vague_questions_are(learnt: Calibration) -> None:
    judged = learnt.judged
    assert judged.refused_known <= 0.12 * judged.answers
    assert judged.refused_vague >= 0.6 * judged.vague
    assert judged.refused_new >= 3 * judged.refused_known


def test_confidence_means_what_it_says(learnt: Calibration) -> None:
    populated = [each for each in learnt.judged.bins if each.total >= 20]
    assert len(populated) >= 3
    for each in populated:
        assert each.stated == pytest.approx(each.right / each.total, abs=0.15)


def test_what_was_learnt_survives_json_unchanged(learnt: Calibration) -> None:
    again = Calibration.from_data(json.loads(json.dumps(learnt.as_data())))
    assert again == learnt


def test_what_another_version_learnt_is_not_used() -> None:
    assert Calibration.from_data({"first": {}, "further": {}, "novelty": {}, "bar": 0.5}) is None


def test_a_question_is_never_answered_by_the_incident_it_was_made_from() -> None:
    history, causes = demo_history()
    for number, answer in enumerate(a for a in simulate(history[:60], causes) if a.original):
        own = history[number // 2].document.key
        assert all(own not in ballot.incidents for ballot in answer.ballots)


def test_the_same_history_teaches_the_same(learnt: Calibration) -> None:
    history, causes = demo_history()
    once, again = simulate(history[:30], causes), simulate(history[:30], causes)
    assert [a.ballots for a in once] == [a.ballots for a in again]


def test_few_or_uniform_answers_teach_nothing() -> None:
    assert calibrate([]) is None
    always = [
        SimulatedAnswer("known", True, n, [Ballot(1, 1.0, [1], 0.9)], frozenset({1}))
        for n in range(MIN_ANSWERS + 5)
    ]
    assert calibrate(always) is None


def test_rejections_and_age_weigh_against_a_cause() -> None:
    links = [Link(1, 10, "root", "confirmed"), Link(2, 20, "root", "confirmed")]
    alike = {1: 0.5, 2: 0.5}
    assert [b.cause for b in vote(alike, links, {1: 900.0, 2: 1.0})] == [20, 10]
    distrusted = vote(alike, links, records={10: CauseRecord(1, 0), 20: CauseRecord(1, 6)})
    assert [b.cause for b in distrusted] == [10, 20]


AGES = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, -1.0, -1e-9, 1e-9])


@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.floats(0, 1), AGES, st.sampled_from(["confirmed", "suspected"])
        ),
        max_size=8,
    ),
)
def test_votes_are_numbers_at_any_age_and_nothing_later_votes(
    rows: list[tuple[int, float, float, str]],
) -> None:
    links = [Link(key, row[0], "root", row[3]) for key, row in enumerate(rows, 1)]
    alike = {key: row[1] for key, row in enumerate(rows, 1)}
    ages = {key: row[2] for key, row in enumerate(rows, 1)}
    ballots = vote(alike, links, ages)
    for position, ballot in enumerate(ballots):
        assert np.isfinite(features(ballots, position)).all()
        assert ballot.days_ago >= 0
        assert all(ages[key] >= 0 for key in ballot.incidents)


def file_history(user: User, count: int) -> None:
    subjects = (
        "disk full on orders-db",
        "mail queue stuck",
        "search returns nothing",
        "tls expired",
    )
    for number in range(count):
        subject = subjects[number % len(subjects)]
        at = timezone.now() - timedelta(days=count - number)
        incident = file_incident(
            title=f"{subject} {number % 3}", impact_started_at=at, detected_at=at
        )
        name_cause(incident, f"Cause of {subject}", author=user)


@pytest.mark.django_db
def test_a_small_history_says_that_it_is_too_small_to_know(user: User) -> None:
    file_history(user, 10)
    learn()
    found = suggest_for_text("disk full on orders-db", user)
    assert found.causes[0].cause.name == "Cause of disk full on orders-db"
    assert found.causes[0].confidence is None
    assert not found.calibrated


@pytest.mark.django_db
def test_an_incident_before_all_others_is_explained_by_none_of_them(
    user: User, web: Client
) -> None:
    file_history(user, MIN_ANSWERS + 10)
    learn()
    at = timezone.now() - timedelta(days=900)
    first = file_incident(title="disk full on orders-db 1", impact_started_at=at, detected_at=at)
    page = web.get(f"/analysis/incidents/{first.pk}/suggestions/").content.decode()
    assert "nan" not in page
    assert "INC-" not in page.replace(first.reference, "")
    answer = web.get(f"/api/v1/suggestions/{first.pk}/")
    assert answer.status_code == 200
    assert answer.json()["incidents"] == []
    assert [cause["incidents"] for cause in answer.json()["causes"] if cause["incidents"]] == []


@pytest.mark.django_db
def test_versions_are_kept_and_rolled_back_by_one_command(user: User) -> None:
    file_history(user, 10)
    first = learn()
    assert first is not None
    assert calibration(active_fit()) is None
    assert learn() is None, "nothing was decided since"
    file_history(user, MIN_ANSWERS)
    incident = file_incident(title="mail queue stuck")
    cause = suggest_for_text("tls expired", user).causes[0].cause
    link_cause(incident, cause, state="rejected", author=user)
    second = learn()
    assert second is not None
    assert second.data is not None
    sure = suggest_for_text("disk full on orders-db", user).causes[0].confidence
    assert sure is not None
    assert 0 < sure < 1
    out = StringIO()
    call_command("learn", "--rollback", stdout=out)
    assert f"In use: version {first.pk}" in out.getvalue()
    assert calibration(active_fit()) is None
    assert roll_back() is None
    with pytest.raises(CommandError, match="no version before"):
        call_command("learn", "--rollback")


@pytest.mark.django_db
def test_the_evaluation_command_tells_true_counts(user: User) -> None:
    file_history(user, MIN_ANSWERS + 10)
    out = StringIO()
    call_command("evaluate_suggestions", "--json", stdout=out)
    result = json.loads(out.getvalue())
    assert result["answers"] == MIN_ANSWERS + 10
    assert result["judged"]["answers"] == result["judged"]["new"] == MIN_ANSWERS + 10
