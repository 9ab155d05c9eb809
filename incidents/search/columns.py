"""Which columns the list of incidents has: chosen by each person, and of each saved filter."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User

from incidents.models import SavedFilter
from people.preferences import account_of, save_preference

COLUMNS = {
    "status": "Status",
    "cause": "Cause",
    "owner": "Owner",
    "started": "Started",
    "detected": "Detected",
    "acknowledged": "Acknowledged",
    "resolved": "Resolved",
    "lasted": "Lasted",
    "updated": "Last changed",
}
"""Besides the reference and the title, which a row always has."""
USUAL = ("status", "cause", "owner", "started", "lasted")


def columns_for(person: User, saved: SavedFilter | None = None) -> tuple[str, ...]:
    """Those of a saved filter, else those of a person, else the usual ones; in a fixed order."""
    account = account_of(person)
    given = (saved.columns if saved else "") or (account.incident_columns if account else "")
    names = given.split(",")
    return tuple(name for name in COLUMNS if name in names) or USUAL


def choose_columns(person: User, names: Collection[str], saved: SavedFilter | None = None) -> None:
    """Choose columns of the saved filter that is shown, or else of all lists of a person.

    Unknown names are left out; without any it is the usual ones again.
    """
    text = ",".join(name for name in COLUMNS if name in names)
    if saved:
        saved.columns = text
        saved.save(update_fields=["columns"])
    else:
        save_preference(person, incident_columns=text)
