"""How long records of the analysis are stored (docs/retention.md)."""

from __future__ import annotations

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from analysis import models as tables
from analysis.evidence.thinning import thin_incidents
from analysis.models import Collector, Evidence, Finding, Fit, LogSign, Source
from common.retention import (
    HISTORY_DAYS,
    KINDS,
    NORMAL,
    Kind,
    Limits,
    delete_history,
    delete_some,
)
from incidents.retention import CORE, SUPPLEMENTARY

HISTORY = (Source.history.model, Collector.history.model)
FITS = 5
"""Versions of the calibration that stay, to return to."""
FIT_DAYS = 90


def _log_signs(limits: Limits, most: int) -> int:
    return delete_some(LogSign.objects.filter(last_at__lt=limits.before()), most)


def _fits(limits: Limits, most: int) -> int:
    newest = list(Fit.objects.values_list("pk", flat=True)[:FITS])
    old = Fit.objects.filter(created_at__lt=limits.before(), active=False)
    return delete_some(old.exclude(pk__in=newest), most)


def _history(limits: Limits, most: int) -> int:
    return delete_history(HISTORY, limits.before(), most)


def register_kinds() -> None:
    for name, kind in {
        "evidence": Kind(
            _("Evidence: series, log lines, traces"),
            (Evidence,),
            _(
                "Reduced {days} after its incident was resolved, to what findings show of it. What "
                "is cited stays in full, and so does what open incidents have."
            ),
            "taken_at",
            "EVIDENCE_RETENTION_DAYS",
            {CORE: 365, NORMAL: 90, SUPPLEMENTARY: 30},
            delete=thin_incidents,
            at_once=10,
            thins=True,
        ),
        "findings": Kind(
            _("Findings, requests, results of checks, fingerprints"),
            (
                Finding, tables.EvidenceRequest, tables.CheckRun, tables.Fingerprint,
                tables.FollowUp, tables.ShownAnswer, tables.ThinnedIncident,
            ),
            _("Never deleted: suggestions are made of them. Each incident has a bounded number."),
            "found_at",
        ),
        "log-signs": Kind(
            _("Unusual lines of watched logs"),
            (LogSign,),
            _("Deleted {days} after they were last seen."),
            "at",
            "LOG_SIGN_RETENTION_DAYS",
            30,
            delete=_log_signs,
        ),
        "calibration": Kind(
            _("Versions of the calibration"),
            (Fit,),
            format_lazy(
                _("Deleted after {days}, but for the active one and the newest {fits}."),
                days="{days}",
                fits=FITS,
            ),
            "created_at",
            default_days=FIT_DAYS,
            delete=_fits,
        ),
        "history-of-sources": Kind(
            _("Former versions of sources and saved queries"),
            HISTORY,
            _("Deleted {days} after they were written; the newest of each record stays."),
            "history_date",
            "HISTORY_RETENTION_DAYS",
            HISTORY_DAYS,
            delete=_history,
        ),
        "sources": Kind(
            _("Sources, watched logs and groups of similar incidents"),
            (
                Source, Collector, tables.LogWatch, tables.LogProfile, tables.AlikeGroup,
                tables.Forgotten,
            ),
            _(
                "As many as people set up, and a profile for each service and log. Groups are "
                "replaced by each grouping, notes for the index are deleted once its file is a "
                "week newer."
            ),
            "created_at",
        ),
    }.items():  # fmt: skip
        KINDS.register(name, kind)
