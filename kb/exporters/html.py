from __future__ import annotations

import base64
import re

from django.template.loader import render_to_string

from common.markdown import render_markdown
from common.site_url import public_url
from common.viewer import Viewer
from kb.exporters.base import ACTION_HEAD, Exporter, action_rows, postmortem_facts
from kb.models import Postmortem
from kb.postmortems import images

_SOURCE = re.compile(r'(<img[^<>]*? src=")(/[^"<>]+)(")')
_OWN_LINK = re.compile(r'(<a href=")(/[^"]*)(")')


class HtmlExporter(Exporter):
    """One self-contained file: pictures are embedded, links use the public address."""

    kind = "html"
    title = "HTML"
    extension = "html"
    content_type = "text/html; charset=utf-8"

    def export(self, postmortem: Postmortem, user: Viewer) -> bytes:
        def inside(match: re.Match[str]) -> str:
            image = images.find_image(match[2], user)
            if image is None:
                return match[0]
            data = base64.b64encode(image.body).decode()
            return f"{match[1]}data:{image.content_type};base64,{data}{match[3]}"

        body = _SOURCE.sub(inside, render_markdown(postmortem.body))
        root = public_url()
        context = {
            "postmortem": postmortem,
            "facts": postmortem_facts(postmortem),
            "actions": action_rows(postmortem),
            "head": ACTION_HEAD,
            "body": _OWN_LINK.sub(rf"\g<1>{root}\g<2>\g<3>", body),
        }
        return render_to_string("kb/exports/postmortem.html", context).encode()
