"""Markdown from people and from outside, to HTML that cannot run anything."""

from __future__ import annotations

import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)
_TAGS = {
    *[
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "s",
        "a",
    ],
    *["table", "thead", "tbody", "tr", "th", "td"],
}
_REFERENCE = re.compile(r"(?<![\w/\[(`-])INC-(\d{1,9})\b(?![\])])")


def render_markdown(text: str) -> SafeString:
    """Sanitised HTML; `INC-42` becomes a link. Images are left out: they would call home."""
    linked = _REFERENCE.sub(r"[INC-\1](/INC-\1/)", text)
    html = _markdown.render(linked)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308  (nh3 has just cleaned it)
