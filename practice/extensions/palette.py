"""Pages of the practice in the command palette."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from incidents.palette import Page
from practice.permissions import ANNOUNCE, MANAGE, MANAGE_CODE_HOSTS

PAGES = (
    Page(_("Practice: onboarding board"), "practice:board", "readiness phases stages"),
    Page(_("What is coming"), "practice:announcements", "announce new microservice load sprint"),
    Page(
        _("Announce what is coming"), "practice:announcement-new", "new microservice load", ANNOUNCE
    ),
    Page(_("Objectives"), "practice:slos", "slo error budget"),
    Page(_("Add an objective"), "practice:slo-new", "new create", MANAGE),
    Page(_("Import objectives"), "practice:slo-import", "openslo pyrra", MANAGE),
    Page(_("Add a practice"), "practice:practice-new", "new create map", MANAGE),
    Page(_("Practice map"), "practice:map", "practices"),
    Page(_("Monthly review"), "practice:monthly", "report month"),
    Page(_("Code hosts"), "practice:code-hosts", "bitbucket github gitlab", MANAGE_CODE_HOSTS),
    Page(_("Checklists"), "practice:checklists", "readiness questions"),
)
