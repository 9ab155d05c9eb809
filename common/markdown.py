"""Markdown from people and from outside, to HTML that cannot run anything.

Packages register in their apps.py what is theirs: `REFERENCE_LINKS` and `OWN_IMAGES`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import nh3
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = set(
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s a img "
    "table thead tbody tr th td".split()
)
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}}
_MENTION = re.compile(r"(?<![\w@/.`])(@[A-Za-z0-9][\w.+-]{0,148}\w)")
REFERENCE_LINKS: dict[re.Pattern[str], str] = {}
"""Patterns of references in text, and the Markdown link that each becomes (as for `re.sub`)."""
OWN_IMAGES: set[re.Pattern[str]] = set()
"""Paths of images that this installation serves; all others are left out, they would call home."""
CACHED_FROM = 20_000
"""Characters from which rendered text is cached."""
CACHE_SECONDS = 7 * 86_400


def _image(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    """Our own images as they are, others as their description."""
    token = tokens[index]
    source = str(token.attrs.get("src", ""))
    description = renderer.renderInlineAsText(token.children or [], options, env)
    if any(pattern.fullmatch(source) for pattern in OWN_IMAGES):
        token.attrs["alt"] = description
        return str(renderer.renderToken(tokens, index, options, env))
    return f"<em>{_escaped(description or 'picture')} (picture left out)</em>"


def _escaped(text: str) -> str:
    return nh3.clean_text(text)


def make_parser() -> MarkdownIt:
    """CommonMark with tables and strikethrough, without HTML; exporters use it too."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 40})
    return parser.enable(["table", "strikethrough"])


_markdown = make_parser()
_markdown.add_render_rule("image", _image)


def with_links(text: str) -> str:
    """Markdown in which references are links and @mentions are bold, outside of code."""
    parts = re.split(r"(```.*?(?:```|\Z)|`[^`\n]*`)", text, flags=re.DOTALL)
    for number in range(0, len(parts), 2):
        part = parts[number]
        for pattern, link in REFERENCE_LINKS.items():
            part = pattern.sub(link, part)
        parts[number] = _MENTION.sub(r"**\1**", part)
    return "".join(parts)


def render_markdown(text: str) -> SafeString:
    """Sanitised HTML, with registered references as links and only our own images."""
    if len(text) < CACHED_FROM:
        return mark_safe(_rendered(text))  # noqa: S308  (nh3 has just cleaned it)
    key = f"markdown-2-{hashlib.sha256(text.encode()).hexdigest()}"
    html = cache.get(key)
    if html is None:
        html = _rendered(text)
        cache.set(key, html, CACHE_SECONDS)
    return mark_safe(html)  # noqa: S308  (nh3 cleaned it before it was cached)


def _rendered(text: str) -> str:
    return nh3.clean(
        _markdown.render(with_links(text)),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
