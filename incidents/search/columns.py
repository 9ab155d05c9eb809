"""Which columns the list of incidents has: chosen by each person, and of each saved filter."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from common.language import Text
from incidents.custom_fields.matching import PREFIX
from incidents.models import CustomField, SavedFilter
from people.preferences import account_of, save_preference

COLUMNS = {
    "status": _("Status"),
    "cause": _("Cause"),
    "owner": _("Owner"),
    "started": _("Started"),
    "detected": _("Detected"),
    "acknowledged": _("Acknowledged"),
    "resolved": _("Resolved"),
    "lasted": _("Lasted"),
    "updated": _("Last changed"),
}
"""Besides the reference and the title, which a row always has."""
USUAL = ("status", "cause", "owner", "started", "lasted")


LONGEST = 200
"""Characters of the chosen columns; more would fit no screen."""


def column_of(field: CustomField) -> str:
    return f"{PREFIX}{field.name}"


def all_columns(fields: Iterable[CustomField]) -> dict[str, Text]:
    """What can be chosen: the usual columns, and one for each custom field."""
    return {**COLUMNS, **{column_of(field): field.label for field in fields}}


def columns_for(
    person: User, saved: SavedFilter | None = None, fields: Iterable[CustomField] = ()
) -> tuple[str, ...]:
    """Those of a saved filter, else those of a person, else the usual ones; in a fixed order.

    `fields` are the custom fields that the list can show.
    """
    account = account_of(person)
    given = (saved.columns if saved else "") or (account.incident_columns if account else "")
    names = given.split(",")
    return tuple(name for name in all_columns(fields) if name in names) or USUAL


def choose_columns(
    person: User,
    names: Collection[str],
    saved: SavedFilter | None = None,
    fields: Iterable[CustomField] = (),
) -> None:
    """Choose columns of the saved filter that is shown, or else of all lists of a person.

    Unknown names are left out, and those that no longer fit; without any it is the usual ones
    again.
    """
    text = ""
    for name in all_columns(fields):
        if name in names and len(text) + len(name) < LONGEST:
            text = f"{text},{name}".lstrip(",")
    if saved:
        saved.columns = text
        saved.save(update_fields=["columns"])
    else:
        save_preference(person, incident_columns=text)
