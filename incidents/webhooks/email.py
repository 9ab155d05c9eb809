"""Mail from monitors that can send nothing else: piped in, or posted as message."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from datetime import datetime, timedelta
from email.message import EmailMessage

from common.alert_states import State, state_of
from common.mail_subjects import Subject, read_subject, without_forwarding
from common.mail_text import MAIL_ERRORS, MailText, text_of_mail
from common.payloads import BadPayload, text
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

_AUTO_REPLY = re.compile(
    r"\s*(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response|responder)|autoreply"
    r"|out of (?:the )?office|on vacation|vacation"
    r"|(?:auto: )?(?:i am|i'm) (?:away|out|on (?:holiday|vacation|leave))"
    r"|on (?:annual|parental|sick|maternity|paternity) leave|away from (?:the )?office"
    r"|abwesend|abwesenheit\w*"
    r"|automatische antwort"
    r"|réponse automatique|absence du bureau|respuesta automática|fuera de la oficina"
    r"|risposta automatica|automatisch antwoord|automatiskt svar|autosvar|resposta automática"
    r"|automatyczna odpowiedź|odpowiedź automatyczna)\b",
    re.IGNORECASE,
)
_BOUNCE = re.compile(
    r"\s*(?:undeliver(?:ed|able)\b|mail delivery (?:failed|failure|system)"
    r"|delivery status notification|delivery (?:failure|has failed)|returned mail\b"
    r"|failure notice|mail system error"
    r"|message not delivered|unzustellbar|delayed mail\b|warning: could not send)",
    re.IGNORECASE,
)
_MAIL_SERVER = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)
_REPORT = ("multipart/report", "message/delivery-status", "message/disposition-notification")
_ACKNOWLEDGED = re.compile(r"\backnowledged (?:the )?problem|\backnowledged: ?yes", re.IGNORECASE)
_PRIORITIES = {"1": "highest", "2": "high", "4": "low", "5": "lowest"}
_ABOUT = (
    ("flapping", "flapping"), ("downtime", "a downtime"), ("maintenance", "maintenance"),
    ("wartung", "maintenance"), ("test", "a test"), ("pending", "a pending state"),
    ("insufficient", "missing data"), ("scheduled", "something planned"),
    ("report", "a report"), ("updated problem", "an update of a known problem"),
)  # fmt: skip
_CHECKS = frozenset(
    "http https ping ping4 ping6 ssh disk cpu load memory mem swap ntp time dns smtp imap pop "
    "users procs processes uptime apt snmp icmp tcp udp ssl tls cert certificate raid".split()
)
"""Checks of Nagios and its successors, which call them services of a host."""
_SLUG = re.compile(r"[A-Za-z0-9][\w.-]{1,99}")
MAX_DELAY = timedelta(days=2)


class Email(Webhook):
    """One alert per subject; the state in the subject, or in the text, fires or ends it."""

    kind = "email"
    title = "E-mail"
    content = "any"

    def sender_id(self, incoming: Incoming) -> str:
        return text(_header(_message(incoming), "Message-ID"), limit=200)

    def read(self, incoming: Incoming) -> list[Event]:
        message = _message(incoming)
        subject = text(" ".join(_header(message, "Subject").split()))
        if not subject:
            raise BadPayload("The mail has no subject. Let the monitor write the alert into it.")
        if why := _no_alert(message, subject):
            return [Ignored(why)]
        body = text_of_mail(message)
        said = read_subject(subject)
        # A label in the text is surer than a subject that says no more than "Alert".
        labelled = state_of(body.labels.get("state", ""), bare=False)
        state = (said.state if said.is_sure else labelled or said.state) or State.FIRING
        if state == State.NO_NEWS and _ACKNOWLEDGED.search(body.text[:5000]):
            state = State.ACKNOWLEDGED
        if state == State.NO_NEWS:
            about = next((words for sign, words in _ABOUT if sign in subject.lower()), "no problem")
            return [Ignored(f"“{subject}” is about {about}: it opens nothing and ends nothing.")]
        return [_alert(said, state, message, body, incoming)]


def _alert(
    said: Subject, state: State, message: EmailMessage, body: MailText, incoming: Incoming
) -> AlertEvent:
    host, service = body.labels.get("host", ""), body.labels.get("service", "")
    is_check = bool(host) and (service.lower() in _CHECKS or not _SLUG.fullmatch(service))
    labels = {
        "from": text(_header(message, "From")),
        "host": host,
        "check": service if is_check else "",
    }
    # A subject such as "Alert" is the same for all; then the labels say which one it is.
    key = said.key or f"{host} {service}".strip().lower() or said.name.lower()
    begin, ended = f"{_digest(key, 20)}.", state == State.ENDED
    one_line = "\n" not in body.text and len(body.text) <= 300
    return AlertEvent(
        fingerprint=begin + (_digest(said.message, 11) if said.message else ""),
        name=said.name if said.key else " on ".join(filter(None, (service, host))) or said.name,
        firing=not ended,
        ends_at=_sent_at(message, incoming.received_at) if ended else None,
        summary=body.text if one_line else "",
        description="" if one_line else body.text,
        links=body.links,
        severity=text(body.labels.get("severity", "") or said.severity, limit=50)
        or _priority(message),
        service="" if is_check else text(service, limit=100),
        labels={name: value for name, value in labels.items() if value},
        url=body.links[0][1] if body.links else "",
        acknowledged=state == State.ACKNOWLEDGED,
        ends_like=begin if ended else "",
    )


def _digest(words: str, length: int) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:length]


def _message(incoming: Incoming) -> EmailMessage:
    try:
        message = email.message_from_bytes(incoming.body, policy=email.policy.default)
        for name in ("Subject", "Message-ID", "From"):
            str(message[name])
    except MAIL_ERRORS as error:
        raise BadPayload(
            "The body is not a mail message. Send it whole, with its headers."
        ) from error
    return message


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except MAIL_ERRORS:
        return ""


def _no_alert(message: EmailMessage, subject: str) -> str:
    """Why a mail is no alert, by its headers; empty for one that may be."""
    subject = without_forwarding(subject)
    if message.get_content_type() in _REPORT or _header(message, "X-Failed-Recipients"):
        return "A report of a mail server opens nothing."
    if _BOUNCE.match(subject) or _MAIL_SERVER.search(_header(message, "From")):
        return "A report of a mail server opens nothing."
    replied: object = (
        _header(message, "Auto-Submitted").lower().strip().startswith("auto-replied")
        or _header(message, "X-Autoreply").lower() in ("yes", "true", "1")
        or bool(_header(message, "X-Autorespond"))
        or _header(message, "Precedence").lower().strip() in ("auto_reply", "auto-reply")
        or _AUTO_REPLY.match(subject)
    )
    # Monitors send in bulk too; a reply in bulk is that of a machine.
    if not replied and _header(message, "Precedence").lower().strip() in ("bulk", "junk"):
        replied = bool(_header(message, "In-Reply-To"))
    return "An automatic reply, such as out of office, opens nothing." if replied else ""


def _priority(message: EmailMessage) -> str:
    """The severity by the headers of mail programs; empty for normal."""
    number = _header(message, "X-Priority").strip()[:1]
    importance = _header(message, "Importance").lower().strip()
    named = importance if importance in ("high", "low") else ""
    return _PRIORITIES.get(number, "") or named


def _sent_at(message: EmailMessage, received_at: datetime) -> datetime:
    """When it was sent; when it was received where the header cannot be right."""
    try:
        sent = message["Date"].datetime
        sent = sent if sent and sent.tzinfo else None
        return sent if sent and received_at - MAX_DELAY <= sent <= received_at else received_at
    except (*MAIL_ERRORS, OverflowError):
        return received_at
