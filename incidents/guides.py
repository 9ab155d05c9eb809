"""The guides of senders, from docs/integrations, to be read in the product.

Only names of plug-ins lead to files: nothing from outside becomes part of a path.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.urls import reverse

from incidents.webhooks import registry

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "integrations"
OVERVIEW = "README"
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(([\w./-]{1,100}\.md)(?:#[\w-]{1,100})?\)")
_ADDRESS = re.compile(r"https://[a-z.]{1,60}/hooks/(?:HOOK|SLUG)/")
_SHELL_ADDRESS = '"$CAUSEBOOK/hooks/$HOOK/'
_SECRET = re.compile(
    r"\$\{HOOK_SECRET\}|\$SECRET\b|(?<=Bearer )SECRET\b|(?<=credentials: )SECRET\b"
    r"|(?<=password: )SECRET\b|(?<=/)SECRET(?=/)"
)
_SAMPLE = "@docs/integrations/samples/"
_TRY = re.compile(r"^Try it, with the host in [^\n]{1,200}:$", re.MULTILINE)


@lru_cache(maxsize=100)
def guide_of(kind: str) -> str:
    """The guide of a kind of sender as Markdown, its links leading to pages of the product.

    The overview of all for `OVERVIEW`; empty for any other word.
    """
    path = FOLDER / f"{kind}.md"
    if (kind != OVERVIEW and kind not in registry()) or not path.is_file():
        return ""
    return with_page_links(path.read_text(encoding="utf-8"))


def with_page_links(text: str) -> str:
    """Markdown of the project's documents, its links leading to pages of the product."""
    return _LINK.sub(_page_link, text)


def _page_link(match: re.Match[str]) -> str:
    """Another guide as a page of the product; other documents by their words alone."""
    words, target = match.groups()
    name = target.removesuffix(".md")
    if name == OVERVIEW:
        return f"[{words}]({reverse('incidents:guides')})"
    if name in registry():
        return f"[{words}]({reverse('incidents:guide', args=[name])})"
    return words


def filled_in(kind: str, address: str, secret: str = "") -> str:
    """The guide of `kind` with the address, and the secret if there is one, where they belong."""
    guide = _ADDRESS.sub(lambda _: address, guide_of(kind)).replace(_SAMPLE, "@")
    guide = guide.replace(_SHELL_ADDRESS, f'"{address}')
    if secret:
        guide = _SECRET.sub(lambda _: secret, guide)
    needed = [] if secret else ["the secret in `SECRET`"]
    if name := sample_name(kind):
        needed.append(
            f"the sample [{name}]({reverse('incidents:guide-sample', args=[kind])}) saved"
        )
    return _TRY.sub(lambda _: f"Try it, with {' and '.join(needed)}:", guide)


@lru_cache(maxsize=100)
def _sample_file(kind: str) -> Path | None:
    found = sorted((FOLDER / "samples").glob(f"{kind}.*")) if kind in registry() else []
    return found[0] if found else None


@lru_cache(maxsize=100)
def sample_of(kind: str) -> bytes:
    """What a sender of this kind sends; empty for any other word."""
    path = _sample_file(kind)
    return path.read_bytes() if path else b""


def sample_name(kind: str) -> str:
    """The file name of the sample; empty without one."""
    path = _sample_file(kind)
    return path.name if path else ""
