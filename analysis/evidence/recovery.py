"""When an incident seems to have begun and to have ended, by its evidence and its alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.utils.translation import gettext_lazy as _

from analysis.models import Finding
from common.language import Text
from incidents.models import Alert, Incident

MAX_SERIES = 8
"""The strongest series that are read for their end; each costs its stored content."""
LEAST_SAMPLES = 3
"""As many must be normal again at the end: one may be chance."""
LEAST_EARLIER = timedelta(minutes=1)
"""By less than that, a recorded start is not worth correcting."""


@dataclass(frozen=True)
class KnownTime:
    """A time and how it is known."""

    at: datetime
    because: Text


def earlier_start(incident: Incident) -> KnownTime | None:
    """When the first symptom began, if that is before the recorded start of impact."""
    latest = incident.impact_started_at - LEAST_EARLIER
    first = incident.findings.filter(onset__lt=latest).order_by("onset", "-score").first()
    return KnownTime(first.onset, first.text) if first and first.onset else None


def probable_end(incident: Incident) -> KnownTime | None:
    """When the curves were normal again, else when the last alert ended; None if neither is."""
    end = _end_of_curves(incident) or _end_of_alerts(incident)
    return end if end and end.at > incident.impact_started_at else None


def _end_of_alerts(incident: Incident) -> KnownTime | None:
    rows = list(incident.alerts.values_list("status", "ends_at"))
    ends = [at for status, at in rows if status != Alert.Status.FIRING and at]
    if not ends or len(ends) < len(rows):
        return None
    return KnownTime(max(ends), _("its last alert ended"))


def _end_of_curves(incident: Incident) -> KnownTime | None:
    """The latest time at which one of the strongest curves was back in its normal range."""
    rows = incident.findings.filter(kind=Finding.Kind.LEFT_NORMAL, onset__isnull=False)
    ends = []
    for finding in rows.select_related("evidence").order_by("-score")[:MAX_SERIES]:
        end = _back_to_normal(finding)
        if end is None:
            return None
        ends.append(end)
    return KnownTime(max(ends), _("the metrics were back in their normal range")) if ends else None


def _back_to_normal(finding: Finding) -> datetime | None:
    """When the curve that went furthest was normal again and stayed so; None if it is not yet."""
    low, high = finding.data.get("low"), finding.data.get("high")
    if low is None or high is None or finding.onset is None:
        return None
    since, ends = finding.onset.timestamp(), []
    for item in finding.evidence.items():
        times, values = np.array(item["times"]), np.array(item["values"])
        outside = ((values < low) | (values > high)) & (times >= since)
        if not outside.any():
            continue
        last = int(np.flatnonzero(outside)[-1])
        if len(times) - 1 - last < LEAST_SAMPLES:
            return None
        ends.append(float(times[last + 1]))
    return datetime.fromtimestamp(max(ends), UTC) if ends else None
