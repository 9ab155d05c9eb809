"""Mail from monitors that can send nothing else: piped in, or posted as message."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from email.errors import MessageError
from email.message import EmailMessage

from common.payloads import BadPayload, text
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

ENDED = re.compile(r"(?i)\b(resolved|recovery|recovered|ok|up|cleared|closed)\b")
STATES = re.compile(
    r"(?i)^\W*(re|fwd?|problem|alert|alarm|firing|critical|warning|down|triggered|resolved"
    r"|recovery|recovered|ok|up|cleared|closed)\b[\]\):\s*-]*"
)


class Email(Webhook):
    """One alert per subject: a word such as “resolved” in front of the subject ends it."""

    kind = "email"
    title = "E-mail"
    content = "any"

    def sender_id(self, incoming: Incoming) -> str:
        return text(str(_message(incoming)["Message-ID"] or ""), limit=200)

    def read(self, incoming: Incoming) -> list[Event]:
        message = _message(incoming)
        subject = " ".join(str(message["Subject"] or "").split())[:300]
        if not subject:
            raise BadPayload("The mail has no subject.")
        name = subject
        while (shorter := STATES.sub("", name)) != name:
            name = shorter
        name = name.strip() or subject
        head = subject[: len(subject) - len(name)] if subject.endswith(name) else ""
        firing = not ENDED.search(head)
        return [
            AlertEvent(
                fingerprint=hashlib.sha256(name.lower().encode()).hexdigest()[:32],
                name=name[:200],
                firing=firing,
                ends_at=None if firing else incoming.received_at,
                summary=_body(message)[:2000],
                severity="critical" if "critical" in head.lower() else "",
                labels={"from": text(str(message["From"] or ""))},
            )
        ]


def _message(incoming: Incoming) -> EmailMessage:
    try:
        message = email.message_from_bytes(incoming.body, policy=email.policy.default)
        str(message["Subject"]), str(message["Message-ID"]), str(message["From"])
    except (MessageError, ValueError, LookupError, AttributeError, IndexError) as error:
        raise BadPayload("The body is not a mail message.") from error
    return message


def _body(message: EmailMessage) -> str:
    try:
        part = message.get_body(("plain",))
        return text(part.get_content(), limit=2000) if part else ""
    except (KeyError, LookupError, ValueError, AttributeError):
        return ""
