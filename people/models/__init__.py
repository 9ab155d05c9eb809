"""Teams and their members, roles, invitations, and the audit log."""

from people.models.account import Account, Invitation
from people.models.audit import AuditCursor, AuditEntry
from people.models.role import LADDER, GroupRule, Role, RoleGrant
from people.models.team import Membership, Team

__all__ = [
    "LADDER",
    "Account",
    "AuditCursor",
    "AuditEntry",
    "GroupRule",
    "Invitation",
    "Membership",
    "Role",
    "RoleGrant",
    "Team",
]
