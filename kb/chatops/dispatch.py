"""From a chat event to an answer: find the command or button, check the account, run it.

To add a command, write a function with `@command` in a file of `commands/`; a higher package
registers its `Command` in its `apps.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet

from common.errors import error_text
from common.registry import Registry
from common.viewer import Nobody, Viewer
from incidents.models import Incident
from incidents.permissions import visible_incidents
from kb.chat.base import ChatAnswer, ChatEvent, clip
from kb.models import ChatPerson, Workspace
from people import audit
from people.acts import Act
from people.permissions import require

REFERENCE = re.compile(r"\bINC-(\d{1,9})\b", re.IGNORECASE)
DEFAULT_COMMAND = "ask"
"""Runs when the first word is no command."""
LINK_YOUR_ACCOUNT = (
    "I do not know yet who you are. Sign in to Causebook, open “Chat” in the menu with your name, "
    "and type here what it shows: link CODE"
)
OUTDATED_BUTTON = "This button is from an earlier version: run the command again."


@dataclass(frozen=True)
class CommandContext:
    """Who runs a command, where, and what they may read there."""

    workspace: Workspace
    event: ChatEvent
    user: User | None
    """The linked account, or None."""
    can_answer_privately: bool

    @property
    def is_private(self) -> bool:
        """Whether nobody else reads the answer."""
        return self.can_answer_privately or self.event.private

    @property
    def viewer(self) -> Viewer:
        """Whose permissions decide what is shown: nobody's where a channel reads along."""
        return self.user if self.user is not None and self.is_private else Nobody()

    def incidents(self) -> QuerySet[Incident]:
        return visible_incidents(self.viewer)


class Problem(Exception):
    """The command cannot run; the message says what to do instead."""


Handler = Callable[[CommandContext, str], ChatAnswer]


@dataclass(frozen=True)
class Command:
    usage: str
    description: str
    run: Handler
    act: Act | None = None
    """What it changes takes this; so it must be known who runs it."""


@dataclass(frozen=True)
class Button:
    run: Handler
    act: Act


COMMANDS: Registry[Command] = Registry("chat commands")
BUTTONS: Registry[Button] = Registry("chat buttons")
"""What a button does, by the first word of its value. All of them need a linked account."""


def command(
    name: str, usage: str, description: str, act: Act | None = None
) -> Callable[[Handler], Handler]:
    """Register a function as the command `name`. It gets the context and the words after it."""

    def register(run: Handler) -> Handler:
        COMMANDS.register(name, Command(usage, description, run, act))
        return run

    return register


def answer_event(workspace: Workspace, event: ChatEvent, can_answer_privately: bool) -> ChatAnswer:
    """The answer to a command, a button or a marked message; to a user's mistake, what to do."""
    user = _linked_user(workspace, event)
    context = CommandContext(workspace, event, user, can_answer_privately)
    stranger = "" if user else f"{event.person[:100]} in {workspace}"
    with audit.acting(audit.Origin("chat", user, stranger)):
        try:
            return EVENT_HANDLERS[event.kind](context, event.text)
        except Problem as problem:
            return ChatAnswer(str(problem))
        except ValidationError as error:
            return ChatAnswer(clip(error_text(error), 500))
        except PermissionDenied as refused:
            audit.record_refusal(event.text.partition(" ")[0])
            return ChatAnswer(str(refused), private=True)


def _linked_user(workspace: Workspace, event: ChatEvent) -> User | None:
    accounts = ChatPerson.objects.filter(workspace=workspace, external_id=event.person)
    account = accounts.select_related("user").first() if event.person else None
    return account.user if account and account.user.is_active else None


def require_account(context: CommandContext, act: Act) -> User:
    """The linked account. Raises Problem without one, PermissionDenied if it may not."""
    if context.user is None:
        raise Problem(LINK_YOUR_ACCOUNT)
    require(context.user, act)
    return context.user


def run_command(context: CommandContext, text: str) -> ChatAnswer:
    words = " ".join(text.replace("\x00", " ").split())
    first, _, rest = words.partition(" ")
    if first.lower() == "share":
        return _run_shared(context, rest)
    if not words:
        first, rest = "help", ""
    elif REFERENCE.fullmatch(first) and not rest:
        first, rest = "show", first
    chosen = COMMANDS.get(first.lower())
    if chosen is None:
        chosen, rest = COMMANDS[DEFAULT_COMMAND], words
    if chosen.act is not None:
        require_account(context, chosen.act)
    return chosen.run(context, rest)


def _run_shared(context: CommandContext, text: str) -> ChatAnswer:
    """The same command, answered to the whole channel: it reads only what everybody may see."""
    event = replace(context.event, private=False)
    shared = CommandContext(context.workspace, event, context.user, can_answer_privately=False)
    return replace(run_command(shared, text), private=False)


def _run_button(context: CommandContext, value: str) -> ChatAnswer:
    name, _, rest = value.partition(" ")
    button = BUTTONS.get(name)
    if button is None:
        raise Problem(OUTDATED_BUTTON)
    require_account(context, button.act)
    return button.run(context, rest)


EVENT_HANDLERS: Registry[Handler] = Registry(
    "handlers of chat events", {"command": run_command, "button": _run_button}
)
"""What runs for an event, by its kind."""
