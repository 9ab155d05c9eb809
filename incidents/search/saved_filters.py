"""A person saves filters of the list of incidents under names, and removes them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from common.row_limits import require_space
from incidents.custom_fields.matching import is_field
from incidents.custom_fields.values import BelongsTo, fields_of
from incidents.models import SavedFilter
from incidents.search.columns import columns_for
from incidents.search.filters import IncidentFilter

MOST, LONGEST = 50, 2000


def filter_query(given: QueryDict) -> str:
    """The part of a query string that filters: known names that have a value, in a fixed order."""
    custom = set(filter(is_field, given))
    pairs = [
        (name, value)
        for name in sorted({*IncidentFilter.base_filters, *custom})
        for value in sorted(set(given.getlist(name)))
        if value
    ]
    return urlencode(pairs)


@transaction.atomic
def save_filter(person: User, name: str, given: QueryDict) -> SavedFilter:
    """Save what `given` filters, with the present columns; one of that name is replaced.

    Raises ValidationError by field.
    """
    name, query = " ".join(name.split()), filter_query(given)
    if not name:
        raise ValidationError({"name": _("Give the filter a name.")})
    if not query:
        raise ValidationError({"query": _("Filter the list first: this shows all incidents.")})
    if len(query) > LONGEST:
        raise ValidationError({"query": _("This filter is too long to be saved: use fewer words.")})
    # Two tabs of a person that save at one moment wait for one another.
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = saved_filters(person)
    found = mine.filter(name__iexact=name).first()
    if found is None:
        require_space(mine, MOST, "name", _("You can save filters,"))
        found = SavedFilter(user=person)
    found.name, found.query = name, query
    found.columns = ",".join(columns_for(person, fields=fields_of(BelongsTo.INCIDENTS)))
    found.full_clean()
    found.save()
    return found


def remove_filter(person: User, key: int) -> None:
    """Remove one of one's own; nothing happens where it is removed already."""
    for found in saved_filters(person).filter(pk=key):
        found.delete()


def saved_filters(person: User) -> Any:
    """The filters of a person, by name."""
    return SavedFilter.objects.filter(user=person)
