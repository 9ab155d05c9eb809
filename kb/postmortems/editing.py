"""Writing postmortems: start, save, review, comment, publish, paste images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.row_limits import require_few, require_space
from incidents.events import outbox
from incidents.events.notices import notify
from incidents.models import Incident
from kb.models import Comment, Draft, Picture, Postmortem, PostmortemReview
from kb.models.postmortem import MAX_CHARACTERS
from kb.permissions import visible_postmortems
from kb.postmortems.picture_files import checked_kind
from kb.postmortems.template_filling import fill_template, template_for
from kb.postmortems.three_way_merge import merge_texts

MENTION = re.compile(r"(?<![\w@/.`])@([A-Za-z0-9][\w.+-]{0,148}\w|\w)")

MOST_COMMENTS, MOST_PICTURES, MOST_REVIEWERS, MOST_INCIDENTS = 1000, 200, 50, 200


@dataclass
class EditConflict(Exception):
    """Somebody else saved in the meantime. Nothing was written; `merged` has both edits."""

    current: Postmortem
    merged: str
    places: int
    """How often both changed the same lines; there `merged` has both versions."""


@transaction.atomic
def start_postmortem(
    incidents: Sequence[Incident], author: User | None = None, template: Any = None
) -> Postmortem:
    """A draft filled from the template and its incidents. Raises ValidationError without any."""
    if not incidents:
        raise ValidationError({"incidents": _("A postmortem covers at least one incident.")})
    require_few(incidents, MOST_INCIDENTS, "incidents", _("A postmortem covers incidents,"))
    chosen = template or template_for(incidents)
    body = fill_template(chosen.body, incidents) if chosen else ""
    others = f" and {len(incidents) - 1} more" if len(incidents) > 1 else ""
    postmortem = Postmortem(title=f"{incidents[0].title[:250]}{others}", body=body, author=author)
    return write_postmortem(postmortem, incidents)


@transaction.atomic
def write_postmortem(postmortem: Postmortem, incidents: Iterable[Incident]) -> Postmortem:
    """Store a new postmortem, also from an import; a published one gets a time if it has none."""
    if postmortem.state == Postmortem.State.PUBLISHED:
        postmortem.published_at = postmortem.published_at or timezone.now()
    incidents = list(incidents)
    postmortem.private = postmortem.private or any(each.private for each in incidents)
    _clean(postmortem)
    postmortem.save()
    postmortem.incidents.set(incidents)
    if postmortem.state == Postmortem.State.PUBLISHED:
        _announce_change(postmortem)
    return postmortem


def _locked(postmortem: Postmortem) -> Postmortem:
    return Postmortem.objects.select_for_update(of=("self",)).get(pk=postmortem.pk)


def line_feeds_only(text: str) -> str:
    """Text as a browser sends it, with line feeds only."""
    return text.replace("\r\n", "\n").replace("\x00", "")


def _clean(postmortem: Postmortem) -> None:
    postmortem.body = line_feeds_only(postmortem.body)
    if len(postmortem.body) > MAX_CHARACTERS:
        error = ValidationError(
            _("A postmortem holds up to %(most)s characters. Link the rest."),
            params={"most": f"{MAX_CHARACTERS:,}"},
        )
        raise ValidationError({"body": error})
    postmortem.full_clean(exclude=["author"])


@transaction.atomic
def save_postmortem(
    postmortem: Postmortem,
    author: User | None,
    *,
    base_version: int,
    title: str,
    body: str,
    incidents: Iterable[Incident] | None = None,
) -> Postmortem:
    """Save a new version of a text that was opened as `base_version`.

    Raises EditConflict when somebody saved since, ValidationError for bad fields.
    """
    current = _locked(postmortem)
    body = line_feeds_only(body)
    if current.version != base_version:
        base = current.history.filter(version=base_version).order_by("history_id").last()
        merged, places = merge_texts(base.body if base else "", body, current.body)
        raise EditConflict(current, merged, places)
    if (current.title, current.body) != (title, body):
        mentioned = set(MENTION.findall(body)) - set(MENTION.findall(current.body))
        current.title, current.body = title, body
        current.version += 1
        _clean(current)
        current.save()
        _notify_mentioned(current, mentioned, author)
    if incidents is not None:
        incidents = list(incidents)
        require_few(incidents, MOST_INCIDENTS, "incidents", _("A postmortem covers incidents,"))
        current.incidents.set(incidents)
        if not current.private and any(each.private for each in incidents):
            current.private = True
            current.save()
    Draft.objects.filter(postmortem=current, user=author).delete()
    if current.state == Postmortem.State.PUBLISHED:
        _announce_change(current)
    return current


def save_draft(
    postmortem: Postmortem, user: User, base_version: int, title: str, body: str
) -> None:
    """Store what `user` has typed so far. Raises ValidationError when it is too long."""
    if len(body) > MAX_CHARACTERS:
        raise ValidationError({"body": _("This text is too long to store.")})
    Draft.objects.update_or_create(
        postmortem=postmortem, user=user,
        defaults={
            "base_version": base_version, "title": title.replace("\x00", "")[:300],
            "body": line_feeds_only(body),
        },
    )  # fmt: skip


def _notify_mentioned(postmortem: Postmortem, names: set[str], author: User | None) -> None:
    people = get_user_model().objects.filter(username__in=list(names)[:50], is_active=True)
    for person in people:
        if person != author and visible_postmortems(person).filter(pk=postmortem.pk).exists():
            key = f"postmortem-{postmortem.pk}-named"
            notify(
                person, key, f"You are mentioned in “{postmortem}”", postmortem.get_absolute_url()
            )


@transaction.atomic
def publish(postmortem: Postmortem) -> Postmortem:
    """Publish it; suggestions use it at once."""
    current = _locked(postmortem)
    if current.state == Postmortem.State.PUBLISHED:
        return current
    if not current.body.strip():
        raise ValidationError({"body": _("Write something first.")})
    if not current.incidents.exists():
        raise ValidationError({"incidents": _("Name the incidents it is about.")})
    current.state = Postmortem.State.PUBLISHED
    current.published_at = current.published_at or timezone.now()
    current.save()
    outbox.record(
        "postmortem.published", most_private_incident(current), f"Published: {current}",
        current.get_absolute_url(),
    )  # fmt: skip
    _announce_change(current)
    return current


def most_private_incident(postmortem: Postmortem) -> Incident:
    """The incident that decides who may see the postmortem: a private one, if there is any."""
    return postmortem.incidents.order_by("-private", "pk")[0]


@transaction.atomic
def return_to_draft(postmortem: Postmortem) -> Postmortem:
    current = _locked(postmortem)
    current.state = Postmortem.State.DRAFT
    current.published_at = None
    current.save()
    _announce_change(current)
    return current


def _announce_change(postmortem: Postmortem) -> None:
    # The index follows modification times: each process reads the change before its next search.
    incidents = postmortem.incidents.values("pk")
    Incident.objects.filter(pk__in=incidents).update(updated_at=timezone.now())


@transaction.atomic
def request_review(
    postmortem: Postmortem, reviewers: Iterable[User], author: User | None = None
) -> None:
    """Request reviews. Raises ValidationError for people who may not see its incidents."""
    reviewers = list(reviewers)
    require_few(reviewers, MOST_REVIEWERS, "reviewers", _("A postmortem has reviewers,"))
    if not reviewers:
        raise ValidationError({"reviewers": _("Choose who should read it.")})
    for person in reviewers:
        if not visible_postmortems(person).filter(pk=postmortem.pk).exists():
            error = ValidationError(
                _("%(person)s may not see all of its incidents."), params={"person": person}
            )
            raise ValidationError({"reviewers": error})
    if postmortem.state == Postmortem.State.DRAFT:
        postmortem.state = Postmortem.State.IN_REVIEW
        postmortem.save()
    for person in reviewers:
        review, new = PostmortemReview.objects.get_or_create(postmortem=postmortem, reviewer=person)
        if not new and review.state != PostmortemReview.State.REQUESTED:
            review.state, review.answered_at = PostmortemReview.State.REQUESTED, None
            review.save()
        key = f"review-{review.pk}-{postmortem.version}"
        notify(person, key, f"Please review “{postmortem}”", postmortem.get_absolute_url())


def answer_review(review: PostmortemReview, state: str) -> PostmortemReview:
    if state not in (PostmortemReview.State.APPROVED, PostmortemReview.State.CHANGES):
        raise ValidationError({"state": _("Approve it, or request changes.")})
    review.state, review.answered_at = PostmortemReview.State(state), timezone.now()
    review.save()
    author = review.postmortem.author
    key = f"review-{review.pk}-answered-{review.answered_at:%Y%m%d%H%M}"
    text = f"{review.reviewer}: {review.get_state_display().lower()}, “{review.postmortem}”"
    notify(author, key, text, review.postmortem.get_absolute_url())
    return review


@transaction.atomic
def comment_on(
    postmortem: Postmortem, text: str, author: User | None = None, passage: str = ""
) -> Comment:
    """Comment on the text or on a passage that it contains. Raises ValidationError."""
    text, passage = text.strip(), " ".join(passage.split())[:1000]
    comment = Comment(postmortem=postmortem, text=text, author=author, passage=passage)
    if passage and not comment.passage_exists:
        raise ValidationError({"passage": _("The text has no such passage: select it again.")})
    comment.full_clean(exclude=["author", "settled_by"])
    require_space(postmortem.comments, MOST_COMMENTS, "text", _("A postmortem has comments,"))
    comment.save()
    if postmortem.author and postmortem.author != author:
        notify(
            postmortem.author, f"comment-{comment.pk}", f"A comment on “{postmortem}”",
            f"{postmortem.get_absolute_url()}#comment-{comment.pk}",
        )  # fmt: skip
    return comment


def toggle_resolved(comment: Comment, author: User | None = None) -> None:
    comment.settled_at = None if comment.settled_at else timezone.now()
    comment.settled_by = author if comment.settled_at else None
    comment.save()


def store_image(postmortem: Postmortem, body: bytes, author: User | None = None) -> Picture:
    """Store a pasted image; see `picture_files.py`. Raises ValidationError."""
    require_space(postmortem.pictures, MOST_PICTURES, "picture", _("A postmortem has pictures,"))
    return Picture.objects.create(
        postmortem=postmortem, content_type=checked_kind(body), body=body, author=author
    )
