"""Creating and editing causes, linking them to incidents, chaining them and citing evidence."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from common.markdown import escape_markdown
from common.row_limits import require_space
from incidents import filing
from incidents.events import outbox
from incidents.events.pages import may_open
from incidents.models import Incident
from incidents.permissions import Nobody
from kb import privacy
from kb.causes import fixes
from kb.causes.symptom_names import reject_symptom_name
from kb.models import Cause, CauseLink, Citation, LedTo
from kb.permissions import visible_causes

MOST_CAUSES, MOST_CITATIONS = 50, 50


@transaction.atomic
def link_cause(
    incident: Incident,
    cause: Cause,
    *,
    state: str = "suspected",
    role: str = "",
    reason: str = "",
    author: User | None = None,
) -> CauseLink:
    """Link `cause` to `incident`, suspected, confirmed or rejected; an existing link is changed.

    Without a role, a link that exists keeps its own, and a new one is that of a root cause.
    """
    # Locking the incident's row: two people who accept at once create one link.
    incident = filing.locked(incident)
    privacy.check_link(incident, cause)
    link = CauseLink.objects.filter(incident=incident, cause=cause).first()
    role = role or (link.role if link else CauseLink.Role.ROOT)
    if link and (link.state, link.role, link.reason) == (state, role, reason or link.reason):
        return link
    if link is None:
        require_space(incident.cause_links, MOST_CAUSES, "cause", _("An incident has causes,"))
        link = CauseLink(incident=incident, cause=cause)
    link.state, link.role, link.author = state, role, author
    link.reason = reason or link.reason
    link.full_clean(validate_constraints=False, exclude=["author"])
    link.save()
    text = f"{link.get_role_display()} cause {link.state}: {escape_markdown(cause.name)}"
    filing.add_entry(incident, filing.Kind.CAUSE, f"{text}\n\n{reason}".strip(), author)
    if link.state == CauseLink.State.CONFIRMED:
        outbox.record("cause.confirmed", incident, f"{incident.reference}: {cause.name}")
    fixes.update_after_link(link)
    return link


@transaction.atomic
def unlink_cause(link: CauseLink, author: User | None = None) -> None:
    """Remove a link that was made by mistake; the timeline and the history still show it.

    A fix that the link had disproved holds again.
    """
    text = f"Cause link removed: {escape_markdown(link.cause.name)}"
    filing.add_entry(link.incident, filing.Kind.CAUSE, text, author)
    LedTo.objects.filter(incident=link.incident, earlier=link.cause).delete()
    LedTo.objects.filter(incident=link.incident, later=link.cause).delete()
    fixes.restore_fix(link.cause, link.incident)
    link.delete()


@transaction.atomic
def create_cause(*, name: str, category: Any = "", **fields: Any) -> Cause:
    """A new cause; `category` by slug or as a record.

    Raises ValidationError by field name, also when the name is in use or names a symptom.
    """
    name = " ".join(name.split())
    reject_symptom_name(name)
    if category:
        fields["category_id"] = getattr(category, "pk", category)
    cause = Cause(name=name, **fields)
    cause.full_clean()
    cause.save()
    return cause


@transaction.atomic
def edit_cause(cause: Cause, **fields: Any) -> Cause:
    """Change fields of a cause. Raises ValidationError by field name."""
    if fields.get("name", cause.name) != cause.name:
        reject_symptom_name(fields["name"])
    for field, value in fields.items():
        setattr(cause, field, value)
    cause.full_clean()
    cause.save()
    return cause


@transaction.atomic
def name_cause(
    incident: Incident, name: str, *, author: User | None = None, **fields: Any
) -> CauseLink:
    """Find the cause of this name or create it, and confirm it for `incident`."""
    name = " ".join(name.split())
    if not name:
        raise ValidationError(
            {"name": _("Name the cause: what was changed, full, lost or expired?")}
        )
    known = Q(private=False) | Q(links__incident=incident)
    if author is not None:
        known |= Q(pk__in=visible_causes(author).values("pk"))
    cause = Cause.objects.filter(known, name__iexact=name).order_by("private", "pk").first()
    better = cause.superseded_by if cause else None
    if better and better.private == incident.private:
        cause = better
    cause = cause or create_cause(name=name, private=incident.private, **fields)
    return link_cause(incident, cause, state=CauseLink.State.CONFIRMED, author=author)


@transaction.atomic
def copy_causes(incident: Incident, other: Incident, author: User | None = None) -> list[CauseLink]:
    """Confirm the causes of `other` for `incident` too, with their chain (“same as INC-42”).

    Raises ValidationError when they are one incident or `other` has no cause.
    """
    if incident.pk == other.pk:
        raise ValidationError(_("Name another incident."))
    known = list(other.cause_links.exclude(state=CauseLink.State.REJECTED).select_related("cause"))
    if not known:
        raise ValidationError(
            _("%(incident)s has no cause yet: name it there or here."),
            params={"incident": other.reference},
        )
    rejected = set(
        incident.cause_links.filter(state=CauseLink.State.REJECTED).values_list("cause", flat=True)
    )
    # Who sees this incident may not know that a private one exists.
    reason = f"Same as {other.reference}" if not other.private else "Same as in another incident"
    links = [
        link_cause(
            incident, link.cause, role=link.role, state=CauseLink.State.CONFIRMED,
            reason=reason, author=author,
        )
        for link in known
        if link.cause_id not in rejected
    ]  # fmt: skip
    if not links:
        raise ValidationError(
            _("The causes of %(incident)s were rejected here."),
            params={"incident": other.reference},
        )
    copied = {link.cause_id for link in links}
    for edge in other.led_to.filter(earlier__in=copied, later__in=copied):
        chain_causes(incident, edge.earlier, edge.later, author)
    return links


@transaction.atomic
def chain_causes(
    incident: Incident, earlier: Cause, later: Cause, author: User | None = None
) -> LedTo:
    """Record that `earlier` led to `later` in `incident`. Raises ValidationError."""
    linked = set(
        incident.cause_links.exclude(state=CauseLink.State.REJECTED).values_list("cause", flat=True)
    )
    if earlier.pk == later.pk or not {earlier.pk, later.pk} <= linked:
        raise ValidationError(_("Choose two different causes of this incident."))
    reached, frontier = set(), {later.pk}
    edges = list(incident.led_to.values_list("earlier", "later"))
    while frontier:
        reached |= frontier
        frontier = {after for before, after in edges if before in frontier} - reached
    if earlier.pk in reached:
        raise ValidationError(
            _("“%(later)s” already led to “%(earlier)s”; a chain has one direction."),
            params={"later": later, "earlier": earlier},
        )
    edge, _created = LedTo.objects.get_or_create(
        incident=incident, earlier=earlier, later=later, defaults={"author": author}
    )
    return edge


def unchain_causes(incident: Incident, earlier: int, later: int) -> None:
    LedTo.objects.filter(incident=incident, earlier=earlier, later=later).delete()


def cite_evidence(link: CauseLink, title: str, path: str, author: User | None = None) -> Citation:
    """Cite a page of this site as evidence for a cause link. Raises ValidationError."""
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        raise ValidationError({"path": _("Cite a page of this site, such as a chart.")})
    if not link.incident.private and not may_open(Nobody(), path):
        raise ValidationError({"path": _("Everybody sees this incident, but not that page.")})
    citation = Citation.objects.filter(link=link, path=path).first()
    if citation is None:
        require_space(
            link.citations, MOST_CITATIONS, "path", _("A cause of an incident has evidence,")
        )
    citation = citation or Citation(link=link, path=path, title=title[:300], author=author)
    citation.full_clean(exclude=["author"])
    citation.save()
    return citation
