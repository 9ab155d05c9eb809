"""Markdown from people and from outside, to HTML that cannot run anything."""

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
_REFERENCE = re.compile(r"(?<![\w/\[(`-])INC-(\d{1,9})\b(?![\])])")
_MENTION = re.compile(r"(?<![\w@/.`])(@[A-Za-z0-9][\w.+-]{0,148}\w)")
_OWN_PICTURE = re.compile(
    r"^/(?:analysis/evidence/\d{1,18}/chart\.(?:png|svg)|knowledge/pictures/\d{1,18}/)$"
)
LONG = 20_000
"""Characters from which a text is worth remembering in its rendered form."""
REMEMBERED = 7 * 86_400


def _image(renderer: Any, tokens: Any, place: int, options: Any, env: Any) -> str:
    """Ours as a picture, others as a link that says so."""
    token = tokens[place]
    source = str(token.attrs.get("src", ""))
    words = renderer.renderInlineAsText(token.children or [], options, env)
    if _OWN_PICTURE.match(source):
        token.attrs["alt"] = words
        return str(renderer.renderToken(tokens, place, options, env))
    return f"<em>{_escaped(words or 'picture')} (picture left out)</em>"


def _escaped(text: str) -> str:
    return nh3.clean_text(text)


def make_parser() -> MarkdownIt:
    """CommonMark with tables and struck words, without HTML; exporters use it too."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 40})
    return parser.enable(["table", "strikethrough"])


_markdown = make_parser()
_markdown.add_render_rule("image", _image)


def with_links(text: str) -> str:
    """Markdown in which references and people are marked up, outside of code."""
    parts = re.split(r"(```.*?(?:```|\Z)|`[^`\n]*`)", text, flags=re.DOTALL)
    for place in range(0, len(parts), 2):
        linked = _REFERENCE.sub(r"[INC-\1](/INC-\1/)", parts[place])
        parts[place] = _MENTION.sub(r"**\1**", linked)
    return "".join(parts)


def render_markdown(text: str) -> SafeString:
    """Sanitised HTML; `INC-42` becomes a link, `@name` stands out.

    Only pictures of our own addresses are shown: others would call home.
    """
    if len(text) < LONG:
        return mark_safe(_rendered(text))  # noqa: S308  (nh3 has just cleaned it)
    key = f"markdown-2-{hashlib.sha256(text.encode()).hexdigest()}"
    html = cache.get(key)
    if html is None:
        html = _rendered(text)
        cache.set(key, html, REMEMBERED)
    return mark_safe(html)  # noqa: S308  (nh3 cleaned it before it was remembered)


def _rendered(text: str) -> str:
    return nh3.clean(
        _markdown.render(with_links(text)),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
