"""Sources, evidence, findings, groups of alike incidents, and versions of the calibration."""

from analysis.models.alike_group import AlikeGroup
from analysis.models.check_run import CheckRun
from analysis.models.collector import Collector
from analysis.models.evidence import Evidence, EvidenceRequest
from analysis.models.finding import Finding
from analysis.models.fingerprint import Fingerprint
from analysis.models.follow_up import FollowUp
from analysis.models.learning import Fit, Forgotten, ShownAnswer
from analysis.models.log_watch import LogProfile, LogSign, LogWatch
from analysis.models.source import Source
from analysis.models.thinned_incident import ThinnedIncident

__all__ = [
    "AlikeGroup",
    "CheckRun",
    "Collector",
    "Evidence",
    "EvidenceRequest",
    "Finding",
    "Fingerprint",
    "Fit",
    "FollowUp",
    "Forgotten",
    "LogProfile",
    "LogSign",
    "LogWatch",
    "ShownAnswer",
    "Source",
    "ThinnedIncident",
]
