"""A postmortem as it is copied elsewhere: links lead here, and nothing of it needs an account."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.markdown import render_markdown, with_links
from common.redaction import redact
from common.site_url import public_url
from kb.audited import private_postmortem
from kb.exporters.markdown import MarkdownExporter
from kb.models import Postmortem
from kb.publishers.base import Document
from kb.remote_api import WRITTEN_HERE

_PICTURE = re.compile(r"!\[([^\[\]]{0,300})\]\((/[^()\s]{0,300})\)")
_OWN_LINK = re.compile(r"\]\((?=/[^/])")
PRIVATE = _("It is private, or about a private incident: it is not copied elsewhere.")
NOT_PUBLISHED = _("Only a published postmortem is copied: publish it first.")


def withheld_reason(postmortem: Postmortem) -> Text:
    """Why it may not be copied; empty if it may."""
    if private_postmortem(postmortem):
        return PRIVATE
    return "" if postmortem.state == Postmortem.State.PUBLISHED else NOT_PUBLISHED


def document_of(postmortem: Postmortem) -> Document:
    """What is sent of a postmortem that may be copied."""
    base = public_url()
    url = f"{base}{postmortem.get_absolute_url()}"
    written = MarkdownExporter().export(postmortem, AnonymousUser()).decode()
    body = redact(written.partition("\n\n")[2])
    linked = _PICTURE.sub(r"[picture: \1](\2)", body)
    markdown = _OWN_LINK.sub(f"]({base}", with_links(linked))
    intro = f"[{WRITTEN_HERE}]({url}), where it is edited."
    return Document(
        number=postmortem.pk,
        title=redact(" ".join(postmortem.title.split())),
        url=url,
        markdown=f"{intro}\n\n{markdown}",
        html=_xhtml(f"{intro}\n\n{markdown}"),
    )


def _xhtml(markdown: str) -> str:
    """Well-formed, as Confluence wants it."""
    return BeautifulSoup(render_markdown(markdown), "html.parser").decode(formatter="minimal")
