"""How long accounts, sessions and the audit log are stored (docs/retention.md)."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.audit_log.retention import delete_some_entries
from common.retention import HISTORY_DAYS, KINDS, Kind, Limits, delete_some
from people import models as tables
from people.models import AuditEntry, Invitation

DAYS_AFTER_EXPIRY = 1
"""Expired sessions and links are of no use to anybody."""


def _sessions(limits: Limits, most: int) -> int:
    before = limits.before()
    done = delete_some(Session.objects.filter(expire_date__lt=before), most)
    live = Session.objects.filter(session_key=OuterRef("session_key"))
    longest = limits.now - timedelta(hours=settings.SESSION_MAX_HOURS)
    ended = UserSession.objects.filter(~Exists(live), last_seen_at__lt=min(longest, limits.now))
    done += delete_some(ended, most - done)
    links = EmailConfirmation.objects.filter(created__lt=limits.now - timedelta(days=30))
    return done + delete_some(links, most - done)


def _invitations(limits: Limits, most: int) -> int:
    closed = Q(accepted_at__isnull=False) | Q(revoked_at__isnull=False)
    closed |= Q(expires_at__lt=limits.now)
    return delete_some(Invitation.objects.filter(closed, created_at__lt=limits.before()), most)


def _admin_log(limits: Limits, most: int) -> int:
    return delete_some(LogEntry.objects.filter(action_time__lt=limits.before()), most)


def _audit_log(limits: Limits, most: int) -> int:
    before = limits.before()
    return delete_some_entries(before, most) if before else 0


def register_kinds() -> None:
    for name, kind in {
        "audit-log": Kind(
            _("Audit log"),
            (AuditEntry, tables.AuditCursor),
            _("Deleted {days} after it was written, but nothing that a receiver is still to get."),
            "at",
            "AUDIT_RETENTION_DAYS",
            730,
            delete=_audit_log,
        ),
        "sessions": Kind(
            _("Sessions"),
            (Session, UserSession, EmailConfirmation),
            _("Deleted {days} after they expired."),
            "expire_date",
            default_days=DAYS_AFTER_EXPIRY,
            delete=_sessions,
        ),
        "invitations": Kind(
            _("Invitations"),
            (Invitation,),
            _("Deleted {days} after they were sent, once they are accepted, revoked or expired."),
            "created_at",
            "INVITATION_RETENTION_DAYS",
            90,
            delete=_invitations,
        ),
        "admin-log": Kind(
            _("Log of Django's administration"),
            (LogEntry,),
            _("Deleted {days} after it was written."),
            "action_time",
            "HISTORY_RETENTION_DAYS",
            HISTORY_DAYS,
            delete=_admin_log,
        ),
        "people": Kind(
            _("Accounts, roles and teams"),
            (
                User, User.groups.through, User.user_permissions.through, tables.Account,
                tables.Membership, tables.RoleGrant, tables.GroupRule, tables.Team, EmailAddress,
                Authenticator, SocialAccount, SocialToken, SocialApp,
            ),
            _("As many as there are people. Who left is deactivated, or erased."),
            "date_joined",
        ),
        "fixed": Kind(
            _("Tables of the framework"),
            (Group, Group.permissions.through, Permission, ContentType),
            _("They grow with new versions only."),
        ),
    }.items():  # fmt: skip
        KINDS.register(name, kind)
