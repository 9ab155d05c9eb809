"""Markdown from people and from outside, to HTML that cannot run anything."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import nh3
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, emphasis

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
    """CommonMark with tables and struck words, without HTML; exporters use it too."""
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
    key = f"markdown-3-{hashlib.sha256(text.encode()).hexdigest()}"
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
