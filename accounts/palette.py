"""Pages of accounts in the command palette."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from incidents.palette import Page
from people.permissions import MANAGE_PEOPLE, MANAGE_TOKENS, READ_AUDIT_LOG, SEE_STORAGE

PAGES = (
    Page(
        _("Your account"),
        "account",
        "sign-in sessions profile password second factor passkey time zone language settings",
    ),
    Page(_("People"), "accounts:people", "users roles", MANAGE_PEOPLE),
    Page(_("Invite people"), "accounts:invite", "users new add", MANAGE_PEOPLE),
    Page(_("Teams"), "accounts:teams", "members"),
    Page(_("Add a team"), "accounts:team-new", "new create", MANAGE_PEOPLE),
    Page(_("Group rules"), "accounts:group-rules", "sso roles directory", MANAGE_PEOPLE),
    Page(_("Add a group rule"), "accounts:group-rule-new", "new create sso", MANAGE_PEOPLE),
    Page(_("Add a service account"), "accounts:service-account-new", "new program", MANAGE_PEOPLE),
    Page(_("All API tokens"), "accounts:all-tokens", "keys everybody", MANAGE_TOKENS),
    Page(_("Audit log"), "accounts:audit", "history security", READ_AUDIT_LOG),
    Page(_("Storage"), "accounts:storage", "retention database size", SEE_STORAGE),
    Page(_("API documentation"), "api-docs", "rest openapi swagger curl requests guide"),
)
