"""The text of a mail, its links, and the values that it labels. No mail makes these raise."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage

MAX_TEXT, MAX_HTML = 20_000, 200_000
MAX_LINKS, MAX_LINES = 10, 300
MAIL_ERRORS = (
    MessageError, ValueError, LookupError, AttributeError, TypeError, AssertionError,
    RecursionError,
)  # fmt: skip
"""What the standard library raises for mails that break the rules."""


@dataclass(frozen=True)
class MailText:
    text: str = ""
    links: tuple[tuple[str, str], ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    """Values of lines such as "Host: web1", under the names in `LABELS`."""


LABELS = {
    "host": "host hostname server device node machine source monitored-host host-name",
    "service": "service service-name application affected-service",
    "state": (
        "state status notification-type alert-state new-state current-state trigger-status "
        "problem-status host-status service-state alert-status monitor-status event-type"
    ),
    "severity": (
        "severity priority alert-severity trigger-severity problem-severity event-severity "
        "severity-level alert-priority schweregrad"
    ),
}
_NAME_OF = {each: name for name, names in LABELS.items() for each in names.split()}
_LABEL_LINE = re.compile(r"\W{0,6}([A-Za-z][A-Za-z ]{2,20}?)\s?[:=\t]\s{0,3}(\S.{0,199})")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})([^<>]{0,2000})>|<[!?][^<>]{0,2000}>")
_HREF = re.compile(r"href\s{0,5}=\s{0,5}[\"']?(https?://[^\"'\s>]{1,1000})", re.IGNORECASE)
_UNSEEN = frozenset("script style head title template noscript".split())
_LINES = frozenset("br p div tr li table ul ol h1 h2 h3 h4 h5 h6 hr blockquote pre".split())
_URL = re.compile(r"https?://[^\s<>\"'()\[\]{}|]{3,1000}")
_NO_LINK = re.compile(
    r"unsubscribe|preferences|privacy|terms|legal|support|twitter|facebook|linkedin|youtube"
    r"|\.(?:png|gif|jpe?g|svg|css|ico)(?:$|\?)",
    re.IGNORECASE,
)


def text_of_mail(message: EmailMessage) -> MailText:
    """The plain text, or that of the HTML where there is no other."""
    plain = _content(message, "plain")[:MAX_TEXT]
    links: list[tuple[str, str]] = []
    if not plain.strip():
        plain, links = text_of_html(_content(message, "html"))
    text = _printable(plain)
    links += _links_in(text)
    unique = {url: (label, url) for label, url in reversed(links) if not _NO_LINK.search(url)}
    return MailText(text, tuple(reversed(unique.values()))[:MAX_LINKS], labels_in(text))


def text_of_html(page: str) -> tuple[str, list[tuple[str, str]]]:
    """The text that a reader sees, a line for each block and a tab between cells; and the links."""
    page, out, links = _without_comments(page[:MAX_HTML]), [], []
    unseen, end, href, label_from = "", 0, "", 0
    for tag in _TAG.finditer(page):
        if not unseen:
            out.append(" ".join(page[end : tag.start()].split(" ")).replace("\n", " "))
        end = tag.end()
        closing, name = bool(tag[1]), (tag[2] or "").lower()
        if unseen:
            unseen = "" if closing and name == unseen else unseen
        elif name in _UNSEEN and not closing:
            unseen = name
        elif name == "a":
            if closing and href:
                label = " ".join(html.unescape("".join(out[label_from:])).split())[:80]
                links.append((label or "Link", html.unescape(href)))
            found = None if closing else _HREF.search(tag[3] or "")
            href, label_from = found[1] if found else "", len(out)
        elif name in _LINES:
            out.append("\n")
        elif name in ("td", "th") and closing:
            out.append("\t")
    if not unseen:
        out.append(page[end:])
    lines = (_tidy_line(line) for line in html.unescape("".join(out)).split("\n"))
    return "\n".join(line for line in lines if line)[:MAX_TEXT], links


def labels_in(text: str) -> dict[str, str]:
    """The values of labelled lines; of a label given twice, the first.

    >>> labels_in("***** Nagios *****\\nHost: web1\\nState: CRITICAL")
    {'host': 'web1', 'state': 'CRITICAL'}
    """
    found: dict[str, str] = {}
    for line in text.split("\n")[:MAX_LINES]:
        match = _LABEL_LINE.fullmatch(line[:250].strip())
        name = _NAME_OF.get("-".join(match[1].lower().split())) if match else None
        if match and name:
            found.setdefault(name, match[2].strip(" *_\t"))
    return found


def _content(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except MAIL_ERRORS:
            # A character set that nobody knows, or an encoding that breaks off.
            raw = part.get_payload(decode=True)
            return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    except MAIL_ERRORS:
        return ""


def _without_comments(page: str) -> str:
    parts, at = [], 0
    while (start := page.find("<!--", at)) >= 0:
        parts.append(page[at:start])
        end = page.find("-->", start)
        if end < 0:
            return "".join(parts)
        at = end + 3
    return "".join([*parts, page[at:]])


def _tidy_line(line: str) -> str:
    cells = (" ".join(cell.split()) for cell in line.split("\t"))
    return "\t".join(cell for cell in cells if cell)


def _printable(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()[:MAX_TEXT]


def _links_in(text: str) -> list[tuple[str, str]]:
    """Addresses in the text, each with what is written before it on its line."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n")[:MAX_LINES]:
        for match in _URL.finditer(line[:3000]):
            label = " ".join(line[: match.start()].split()).strip(" :-–—*>|([<")
            usable = 0 < len(label) <= 60 and "://" not in label
            found.append((label if usable else "Link", match[0].rstrip(".,;:!?")))
    return found
