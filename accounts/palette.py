"""Pages of accounts in the command palette."""

from __future__ import annotations

from incidents.palette import Page
from people.permissions import MANAGE_PEOPLE, READ_AUDIT_LOG, SEE_STORAGE

PAGES = (
    Page(
        "Your account",
        "account",
        "sign-in sessions profile password second factor passkey time zone settings",
    ),
    Page("People", "accounts:people", "users roles", MANAGE_PEOPLE),
    Page("Invite people", "accounts:invite", "users new add", MANAGE_PEOPLE),
    Page("Teams", "accounts:teams", "members"),
    Page("Audit log", "accounts:audit", "history security", READ_AUDIT_LOG),
    Page("Storage", "accounts:storage", "retention database size", SEE_STORAGE),
    Page("API documentation", "api-docs", "rest openapi swagger"),
)
