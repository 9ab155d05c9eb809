"""Checks of pasted pictures: their kind, size in pixels, and whether they can be drawn at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typst
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE, MAX_PIXELS = 16_000, 25_000_000
"""A few kilobytes can decode to gigabytes, on the server and in every browser."""
EXTENSIONS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
}  # fmt: skip
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segments that hold width and height."""


BROKEN = _("This picture is broken. Save it again, and paste that.")


def checked_kind(body: bytes) -> str:
    """The content type of a picture that is safe to store. Raises ValidationError."""
    if len(body) > MAX_BYTES:
        error = ValidationError(
            _("A picture has up to %(size)s MB."), params={"size": MAX_BYTES // 1024**2}
        )
        raise ValidationError({"picture": error})
    kind = _kind_of(body)
    if not kind:
        raise ValidationError({"picture": _("Paste a PNG, JPEG, GIF or WebP picture.")})
    width, height = size_of(body, kind)
    if not width or not height:
        raise ValidationError({"picture": BROKEN})
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        error = ValidationError(
            _(
                "This picture has %(width)s × %(height)s pixels. Make it smaller: up to %(most)s "
                "million, %(side)s on a side."
            ),
            params={
                "width": f"{width:,}", "height": f"{height:,}", "most": MAX_PIXELS // 10**6,
                "side": f"{MAX_SIDE:,}",
            },
        )  # fmt: skip
        raise ValidationError({"picture": error})
    if not can_be_drawn(body, kind):
        raise ValidationError({"picture": BROKEN})
    return kind


def _kind_of(body: bytes) -> str:
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if body.startswith(start)), "")


def size_of(body: bytes, kind: str) -> tuple[int, int]:
    """Width and height as the file states them; zeros where it does not."""
    if kind == "image/png":
        return _number(body[16:20]), _number(body[20:24])
    if kind == "image/gif":
        return _small(body[6:8]), _small(body[8:10])
    return _size_of_jpeg(body) if kind == "image/jpeg" else _size_of_webp(body)


def _number(field: bytes) -> int:
    return int.from_bytes(field, "big")


def _small(field: bytes) -> int:
    return int.from_bytes(field, "little")


def _size_of_jpeg(body: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_SIZES:
            return _number(body[at + 7 : at + 9]), _number(body[at + 5 : at + 7])
        else:
            at += 2 + max(2, _number(body[at + 2 : at + 4]))
    return 0, 0


def _size_of_webp(body: bytes) -> tuple[int, int]:
    chunk = body[12:16]
    if chunk == b"VP8X":
        return _small(body[24:27]) + 1, _small(body[27:30]) + 1
    if chunk == b"VP8L":
        bits = _small(body[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return _small(body[26:28]) & 0x3FFF, _small(body[28:30]) & 0x3FFF
    return 0, 0


def can_be_drawn(body: bytes, kind: str) -> bool:
    """Whether the PDF of a postmortem can hold it; a broken one would end the whole export."""
    with tempfile.TemporaryDirectory(prefix="causebook-picture-") as name:
        file = Path(name) / f"picture.{EXTENSIONS[kind]}"
        file.write_bytes(body)
        page = Path(name) / "page.typ"
        page.write_text(f'#image("{file.name}")')
        try:
            typst.compile(str(page), root=name, ignore_system_fonts=True)
        except typst.TypstError:
            return False
    return True
