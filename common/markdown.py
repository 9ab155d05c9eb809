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
from markdown_it.rules_inline import StateInline, emphasis

from common.registry import Registry

_TAGS = set(
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s a img "
    "table thead tbody tr th td".split()
)
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}}
_MENTION = re.compile(r"(?<![\w@/.`])(@[A-Za-z0-9][\w.+-]{0,148}\w)")
_CODE_NAME = re.compile(r"__[a-z]+(?:_[a-z]+)*__(?!\w)")
_BRACKETS = {"<>", "()", "[]", "''", '""'}
_PRODUCT = re.compile(r"[A-Za-z0-9]{2}")
_MARKUP = re.compile(
    r"[\\`*\[\]<|]"
    r"|&(?=#?\w+;)"
    r"|~(?=~)|(?<=~)~"
    r"|(?<![^\W_])_|_(?![^\W_])"  # within a word it marks nothing
    r"|^[#>+=-]"
    r"|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]",
    re.MULTILINE,
)
_DEFINITION = re.compile(r"\[(?=[^\]]+\]:)(?![^\]]+\]:\s*<?(?:https?:|mailto:|/))")
REFERENCE_LINKS: Registry[tuple[re.Pattern[str], str]] = Registry("links of references")
"""Patterns of references in text, and the Markdown link that each becomes (as for `re.sub`)."""
OWN_IMAGES: Registry[re.Pattern[str]] = Registry("paths of own images")
"""Images that this installation serves; all others are left out, as they would call home."""
CACHED_FROM = 20_000
"""Characters from which rendered text is cached."""
CACHE_SECONDS = 7 * 86_400
MOST_MARKS = 60_000
"""Characters that could begin or end something; a text with more is shown as it is written."""


def _image(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    """Our own images as they are, others as their description."""
    token = tokens[index]
    source = str(token.attrs.get("src", ""))
    description = renderer.renderInlineAsText(token.children or [], options, env)
    if any(pattern.fullmatch(source) for pattern in OWN_IMAGES.values()):
        token.attrs["alt"] = description
        return str(renderer.renderToken(tokens, index, options, env))
    return f"<em>{_escaped(description or 'picture')} (picture left out)</em>"


def _escaped(text: str) -> str:
    return nh3.clean_text(text)


def _emphasis(state: StateInline, silent: bool) -> bool:
    """CommonMark's rule, but for pasted queries, paths and code: there, stars are stars.

    These mark nothing: `<*>`, `count(*)`, `a.*`, `/var/log/*.gz`, `5*60*1000`, `__init__`.
    """
    start = state.pos
    before = state.src[start - 1 : start]
    name = None if silent or before.isalnum() else _CODE_NAME.match(state.src, start)
    if name:
        state.pending += name[0]
        state.pos = name.end()
        return True
    if not emphasis.tokenize(state, silent):
        return False
    if state.src[start : state.pos] == "*":
        around = before + state.src[state.pos : state.pos + 1]
        mark = state.delimiters[-1]
        if around in _BRACKETS or _PRODUCT.fullmatch(around):
            mark.open = mark.close = False
        elif before in (".", "/"):
            mark.open = False
    return True


def make_parser() -> MarkdownIt:
    """CommonMark with tables and strikethrough, without HTML; exporters use it too."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 40})
    parser.inline.ruler.at("emphasis", _emphasis)
    return parser.enable(["table", "strikethrough"])


_markdown = make_parser()
_markdown.add_render_rule("image", _image)


def escape_markdown(text: str) -> str:
    """Plain text as Markdown that shows it as it is: of logs, queries, alerts, titles."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    return _MARKUP.sub(r"\\\g<0>", lines)


def with_breaks(text: str) -> str:
    """Markdown in which every line stays a line, as people paste logs into it.

    `[error]: refused` is a log line too, unless an address follows as in a reference.
    """
    lines, fenced = [], False
    for line in text.splitlines():
        fence = line.lstrip().startswith(("```", "~~~"))
        fenced ^= fence
        if not fenced and not fence and line.strip():
            line = f"{line.rstrip()}  "
            indent = len(line) - len(line.lstrip())
            if indent < 4 and _DEFINITION.match(line, indent):
                line = f"{line[:indent]}\\{line[indent:]}"
        lines.append(line)
    return "\n".join(lines)


def with_links(text: str) -> str:
    """Markdown in which references are links and @mentions are bold, outside of code."""
    parts = re.split(r"(```.*?(?:```|\Z)|`[^`\n]*`)", text, flags=re.DOTALL)
    for number in range(0, len(parts), 2):
        part = parts[number]
        for pattern, link in REFERENCE_LINKS.values():
            part = pattern.sub(link, part)
        parts[number] = _MENTION.sub(r"**\1**", part)
    return "".join(parts)


def render_markdown(text: str) -> SafeString:
    """Sanitised HTML, with registered references as links and only our own images."""
    if len(text) < CACHED_FROM:
        return mark_safe(_rendered(text))  # noqa: S308  (nh3 has just cleaned it)
    key = f"markdown-3-{hashlib.sha256(text.encode()).hexdigest()}"
    html: str | None = cache.get(key)
    if html is None:
        html = _rendered(text)
        cache.set(key, html, CACHE_SECONDS)
    return mark_safe(html)  # noqa: S308  (nh3 cleaned it before it was cached)


def is_too_marked(text: str) -> bool:
    """Whether reading it as Markdown takes many seconds: it is all brackets, stars and the like."""
    return sum(map(text.count, "[*_`<~&")) > MOST_MARKS


def _rendered(text: str) -> str:
    if is_too_marked(text):
        return f"<pre>{_escaped(text)}</pre>"
    return nh3.clean(
        _markdown.render(with_links(text)),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
