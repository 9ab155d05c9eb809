"""Prometheus metrics of evidence, suggestions and the index."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from analysis.models import EvidenceRequest
from analysis.suggestions.accuracy import scoreboard
from analysis.suggestions.live_index import index_file
from common.viewer import Viewer
from kb.api.metrics import PENDING, age, gauge


def analysis_metrics(user: Viewer) -> Iterator[Metric]:
    requests = EvidenceRequest.objects.filter(state__in=PENDING)
    yield gauge("evidence_waiting", "Pulls not done yet.", requests.count())
    yield gauge(
        "evidence_oldest_seconds", "Age of the oldest of them.", age(requests, "created_at")
    )
    path = index_file()
    if path.exists():
        yield gauge(
            "index_written_timestamp_seconds", "When the index file was written.",
            path.stat().st_mtime,
        )  # fmt: skip
    total = scoreboard(user).all
    yield gauge("answers_judged", "Incidents with an answer and a cause.", total.answered)
    yield gauge("answers_right_first", "Of these, right in first place.", total.hits_at_1)
