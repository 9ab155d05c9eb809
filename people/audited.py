"""What the audit log records of teams, roles and invitations."""

from people.audit import watch
from people.models import Account, GroupRule, Invitation, Membership, RoleGrant, Team


def watch_models() -> None:
    for model in (Account, GroupRule, Membership, RoleGrant, Team):
        watch(model, always=True)
    watch(Invitation, always=True, secret={"digest"})
