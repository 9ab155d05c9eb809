"""Commands about the bot and the person: help, link."""

from __future__ import annotations

from kb.chat.base import AnswerItem, ChatAnswer
from kb.chatops.dispatch import COMMANDS, LINK_YOUR_ACCOUNT, CommandContext, Problem, command
from kb.models import ChatCode, ChatPerson


@command("help", "help", "this list")
def help_(context: CommandContext, text: str) -> ChatAnswer:
    lines = [f"{each.usage} — {each.description}" for each in COMMANDS.values()]
    lines.append("share WORDS — the same, for everybody in this channel to read")
    account = f"You are {context.user}." if context.user else LINK_YOUR_ACCOUNT
    return ChatAnswer(
        "Describe what you see in a few words, and I search for past causes.",
        [AnswerItem("Commands", "", lines)],
        footer=account,
    )


@command("link", "link CODE", "link your chat account to your user")
def link(context: CommandContext, code: str) -> ChatAnswer:
    user = ChatCode.redeem(code) if code else None
    if user is None:
        raise Problem("This code is not valid, or expired: make another one on the page “Chat”.")
    ChatPerson.objects.update_or_create(
        workspace=context.workspace,
        external_id=context.event.person,
        defaults={"user": user, "name": context.event.person_name[:100]},
    )
    return ChatAnswer(f"You are {user} from now on.")
