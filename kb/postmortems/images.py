"""Images that a postmortem shows: only our own addresses, read without any request.

Other packages add theirs: `IMAGE_SOURCES.register("charts", function of path and user)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from common.registry import Registry
from common.viewer import Viewer
from kb.models import Picture
from kb.permissions import visible_postmortems

_PASTED_PATH = re.compile(r"^/knowledge/pictures/(\d{1,18})/$")


@dataclass(frozen=True)
class StoredImage:
    body: bytes
    content_type: str


def _pasted_image(path: str, user: Viewer) -> StoredImage | None:
    match = _PASTED_PATH.match(path)
    picture = (
        match
        and Picture.objects.filter(
            pk=int(match[1]), postmortem__in=visible_postmortems(user)
        ).first()
    )
    return StoredImage(bytes(picture.body), picture.content_type) if picture else None


IMAGE_SOURCES: Registry[Callable[[str, Any], StoredImage | None]] = Registry(
    "sources of images", {"pasted": _pasted_image}
)


def find_image(path: str, user: Viewer) -> StoredImage | None:
    """The image at a path of this site, if `user` may see it."""
    images = (image_at(path, user) for image_at in IMAGE_SOURCES.values())
    return next((image for image in images if image), None)
