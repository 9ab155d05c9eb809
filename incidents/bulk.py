"""One act on several incidents: each on its own, so that one refusal does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.language import Text
from common.viewer import Viewer
from incidents.models import Incident
from incidents.permissions import visible_incidents
from people import audit

MOST = 200
"""Incidents of one act."""


@dataclass
class Outcome:
    """Which incidents were changed, and why others were not."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, ValidationError] = field(default_factory=dict)
    """the reason, by reference"""

    def message(self, what: Text) -> str:
        """One sentence or two: `what` was done to how many, and which were refused.

        >>> merged = ValidationError("It is merged.")
        >>> Outcome(["INC-1", "INC-2"], {"INC-3": merged}).message("Set to Resolved")
        'Set to Resolved: 2 incidents. Refused: INC-3 (It is merged.)'
        """
        count = len(self.done)
        text = ngettext("%(what)s: %(n)d incident.", "%(what)s: %(n)d incidents.", count)
        text = text % {"what": what, "n": count}
        if not self.refused:
            return text
        reasons = "; ".join(
            f"{name} ({' '.join(error.messages)})" for name, error in self.refused.items()
        )
        return _("%(done)s Refused: %(reasons)s") % {"done": text, "reasons": reasons}


def act_on_each(viewer: Viewer, keys: Iterable[int], act: Callable[[Incident], object]) -> Outcome:
    """Run `act` on each incident of `keys`, lowest key first, in a transaction of its own.

    One that `viewer` may not see is refused like one that does not exist. Raises ValidationError
    where none or too many were chosen.
    """
    chosen = sorted(set(keys))
    if not chosen:
        raise ValidationError({"incident": _("Select incidents first.")})
    if len(chosen) > MOST:
        raise ValidationError(
            {
                "incident": ValidationError(
                    _("Select up to %(most)s incidents at a time."), params={"most": MOST}
                )
            }
        )
    outcome = Outcome()
    found = visible_incidents(viewer).in_bulk(chosen)
    for key in chosen:
        incident = found.get(key)
        if incident is None:
            outcome.refused[f"INC-{key}"] = ValidationError(_("There is no such incident."))
            continue
        audit.record_reading(incident)
        try:
            with transaction.atomic():
                act(incident)
        except ValidationError as error:
            outcome.refused[incident.reference] = error
        except PermissionDenied as error:
            outcome.refused[incident.reference] = ValidationError(
                str(error) or _("You may not do that.")
            )
        else:
            outcome.done.append(incident.reference)
    return outcome
