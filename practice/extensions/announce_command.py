"""The chat command for what is coming; registered in `apps.py`."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import User
from django.utils import timezone

from incidents.models import Service
from kb.chat.base import AnswerItem, ChatAnswer
from kb.chatops.dispatch import Command, CommandContext, Problem
from people.models import Team
from practice.announcements import announcing
from practice.announcements.assessment import past_causes, questions
from practice.announcements.written import SPRINT, date_in, rate_in, without_figures
from practice.permissions import ANNOUNCE

MOST_LISTED, MOST_LINES = 10, 3
USAGE = "announce SERVICE WHAT [40/s] [2026-12-09]"


def coming(context: CommandContext, rest: str) -> ChatAnswer:
    rows = list(announcing.coming()[:MOST_LISTED])
    if not rows:
        return ChatAnswer(f"Nothing is announced. {USAGE}")
    items = [
        AnswerItem(
            str(row),
            row.get_absolute_url(),
            [f"{row.planned_on}, {row.get_state_display().lower()}"],
        )
        for row in rows
    ]
    return ChatAnswer("What is coming:", items)


def announce(context: CommandContext, rest: str) -> ChatAnswer:
    """The answer says what history knows of the neighbours, as far as everybody here may see."""
    name, _, words = rest.strip().partition(" ")
    title, rate, planned_on = _parts_of(words)
    if not name or not title:
        raise Problem(f"What is coming, and of which service? {USAGE}")
    if context.user is None:
        raise Problem("Link your account first.")
    service = Service.objects.filter(name__iexact=name[:101]).first()
    row = announcing.announce(
        context.user,
        title=title[:200],
        service=service,
        new_service="" if service else name,
        owner=None if service else _team_of(context.user),
        tier=service.tier if service else Service.Tier.NORMAL,
        planned_on=planned_on,
        expected_rate=rate,
    )
    past = past_causes(row, context.viewer)
    lines = [f"In production on {row.planned_on}", *(line.in_words for line in past[:MOST_LINES])]
    count = len(questions(row, past))
    lines.append(f"{count} questions to answer before it is decided")
    item = AnswerItem(str(row), row.get_absolute_url(), lines)
    return ChatAnswer("Announced." if service else f"Announced, with a new service {name}.", [item])


def _parts_of(words: str) -> tuple[str, float | None, date]:
    """What remains as the title, the load, and the date. Raises Problem for a date that is none."""
    try:
        planned_on = date_in(words) or timezone.now().date() + SPRINT
    except ValueError as error:
        raise Problem("Write the date as in 2026-12-09.") from error
    return without_figures(words), rate_in(words), planned_on


def _team_of(user: User) -> Team | None:
    """The first team that somebody is in."""
    return Team.objects.filter(memberships__user=user).order_by("name").first()


ANNOUNCEMENT = Command(USAGE, "say what a team will bring to production", announce, ANNOUNCE)
COMING = Command("coming", "what teams will bring to production", coming)
