"""Mail: notifications to addresses, the mails about one incident as one thread."""

from __future__ import annotations

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kb.chat.base import (
    AnswerItem,
    ChatAnswer,
    Destination,
    OneWay,
    Outbound,
    OutboundMail,
    clip,
    plain_text,
)

SUBJECT = 200
DOMAIN = "causebook.invalid"
"""Of message ids: they must be unique, and need not name a host."""


class MailForm(forms.Form):
    """Nothing of its own: the server is in the settings, the addresses are a rule's channel."""


class Mail(OneWay):
    """A rule's channel holds the addresses, separated by commas. The server is `EMAIL_HOST`."""

    kind = "mail"
    title = "Mail"
    SettingsForm = MailForm

    def channel_problem(self, channel: str) -> str:
        if channel and all(is_address(each.strip()) for each in channel.split(",")):
            return ""
        return "Write one or more mail addresses, separated by commas."

    def post_message(self, answer: ChatAnswer, to: Destination) -> OutboundMail | None:
        addresses = [each.strip() for each in to.channel.split(",") if is_address(each.strip())]
        if not addresses:
            return None
        # Mail programs thread by these ids, some only where the subject stays the same too.
        subject = clip(" ".join((to.subject or answer.preview).split()), SUBJECT)
        return OutboundMail(
            addresses,
            f"Re: {subject}" if to.thread else subject,
            plain_text(answer, to.base),
            as_html(answer, to.base),
            message_id=f"<{uuid.uuid4().hex}@{DOMAIN}>",
            reply_to_id=to.thread,
        )

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return sent.message_id if isinstance(sent, OutboundMail) else ""


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def as_html(answer: ChatAnswer, base: str) -> SafeString:
    items = format_html_join("", "{}", ((_item(item, base),) for item in answer.items))
    footer = format_html('<p style="color:#666">{}</p>', answer.footer) if answer.footer else ""
    return format_html(
        '<div style="font:15px/1.5 system-ui,sans-serif;max-width:42em"><p>{}</p>{}{}</div>',
        answer.text, items, footer,
    )  # fmt: skip


def _item(item: AnswerItem, base: str) -> SafeString:
    title = format_html("<strong>{}</strong>", item.title)
    if item.path:
        title = format_html('<a href="{}{}">{}</a>', base, item.path, title)
    lines = format_html_join("", "<br>{}", ((line,) for line in item.lines))
    decide = ""
    if item.decision_path:
        decide = format_html('<br><a href="{}{}">Confirm or reject</a>', base, item.decision_path)
    return format_html("<p>{}{}{}</p>", title, lines, decide)
