"""What was announced beside what then reached production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext, pgettext

from common.viewer import Viewer
from incidents.models import Change, Service
from incidents.permissions import visible_incidents
from practice.core.error_budget import STEP
from practice.models import TIERS, Announcement
from practice.slos.status import counts_of

PEAK_OF = timedelta(days=7)
MORE_THAN_EXPECTED = 1.2
"""Times the expected load from which it differs; less is no trouble."""


@dataclass(frozen=True)
class Line:
    """One thing, as it was announced and as it is."""

    what: str
    announced: str
    now: str
    differs: bool = False


def first_deploy(announcement: Announcement) -> Change | None:
    """The first deploy to production since it was announced."""
    if announcement.service is None:
        return None
    rows = announcement.service.changes.counting().filter(
        kind=Change.Kind.DEPLOY, started_at__gte=announcement.created_at
    )
    return rows.order_by("started_at").first()


def compare(announcement: Announcement, user: Viewer, now: datetime | None = None) -> list[Line]:
    """Empty as long as there is no service; incidents are those that `user` may see."""
    now, service = now or timezone.now(), announcement.service
    if service is None:
        return []
    deploy = first_deploy(announcement)
    lines = [_date(announcement, deploy, now)]
    lines.append(
        Line(
            gettext("Tier"),
            str(TIERS[announcement.tier]),
            str(TIERS[service.tier]),
            announcement.tier != service.tier,
        )
    )
    lines.append(_dependencies(announcement, service))
    if announcement.expected_rate is not None:
        lines.append(_load(announcement, service, now))
    if deploy is not None:
        rows = visible_incidents(user).filter(
            services=service, impact_started_at__gte=deploy.started_at, merged_into=None
        )
        count, none = rows.count(), pgettext("incidents", "none")
        lines.append(
            Line(gettext("Incidents since"), none, str(count) if count else none, count > 0)
        )
    return lines


def _date(announcement: Announcement, deploy: Change | None, now: datetime) -> Line:
    planned = announcement.planned_on
    if deploy is None:
        late = now.date() > planned
        now_as = gettext("no deploy since it was announced")
        return Line(gettext("In production"), f"{planned}", now_as, late)
    on = deploy.started_at.date()
    version = f", {deploy.version}" if deploy.version else ""
    return Line(gettext("In production"), f"{planned}", f"{on}{version}", on > planned)


def _dependencies(announcement: Announcement, service: Service) -> Line:
    announced = set(announcement.depends_on.values_list("name", flat=True))
    now = set(service.depends_on.values_list("name", flat=True))
    shown = []
    if now - announced:
        names = ", ".join(sorted(now - announced))
        shown.append(gettext("also %(services)s") % {"services": names})
    if announced - now:
        names = ", ".join(sorted(announced - now))
        shown.append(gettext("without %(services)s") % {"services": names})
    # A known service has dependencies that are no part of what is announced.
    new = announced - now if announcement.depends_on.exists() else set()
    return Line(
        gettext("Dependencies"),
        ", ".join(sorted(announced)) or pgettext("dependencies", "none"),
        "; ".join(shown) or gettext("the same"),
        bool(new),
    )


def peak_rate(service: Service, now: datetime) -> float | None:
    """The most requests a second in five minutes of the last week, as its objectives count them.

    None where nothing was counted.
    """
    peaks = []
    for slo in service.slos.filter(enabled=True):
        total = np.asarray(counts_of(slo, now - PEAK_OF, now).total, float)
        known = total[np.isfinite(total)]
        if len(known) and known.max() > 0:
            peaks.append(float(known.max()) / STEP)
    return max(peaks, default=None)


def _load(announcement: Announcement, service: Service, now: datetime) -> Line:
    """A new service has what was announced; a known one that beside what it had before."""
    added = announcement.expected_rate or 0.0
    was_known = service.created_at < announcement.created_at
    before = peak_rate(service, announcement.created_at) if was_known else None
    what, a_second = gettext("Load at the peak"), gettext("%(n)s a second")
    announced = a_second % {"n": f"{added:g}"}
    if before is not None:
        more = gettext("%(n)s a second more than %(before)s")
        announced = more % {"n": f"{added:g}", "before": f"{before:.1f}"}
    peak = peak_rate(service, now)
    if peak is None:
        return Line(what, announced, gettext("not counted by an objective"))
    differs = peak > (added + (before or 0.0)) * MORE_THAN_EXPECTED
    return Line(what, announced, a_second % {"n": f"{peak:.1f}"}, differs)
