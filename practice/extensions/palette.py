"""Pages of the practice in the command palette."""

from __future__ import annotations

from incidents.palette import Page
from practice.permissions import ANNOUNCE, MANAGE, MANAGE_CODE_HOSTS

PAGES = (
    Page("Practice: onboarding board", "practice:board", "readiness phases stages"),
    Page("What is coming", "practice:announcements", "announce new microservice load sprint"),
    Page("Announce what is coming", "practice:announcement-new", "new microservice load", ANNOUNCE),
    Page("Objectives", "practice:slos", "slo error budget"),
    Page("Add an objective", "practice:slo-new", "new create", MANAGE),
    Page("Import objectives", "practice:slo-import", "openslo pyrra", MANAGE),
    Page("Add a practice", "practice:practice-new", "new create map", MANAGE),
    Page("Practice map", "practice:map", "practices"),
    Page("Monthly review", "practice:monthly", "report month"),
    Page("Code hosts", "practice:code-hosts", "bitbucket github gitlab", MANAGE_CODE_HOSTS),
    Page("Checklists", "practice:checklists", "readiness questions"),
)
