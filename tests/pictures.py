"""Small pictures that can be drawn."""

from __future__ import annotations

import struct
import zlib


def png(width: int, height: int, data: bytes | None = None, text: bytes = b"") -> bytes:
    """A PNG of one bit a pixel; `data` replaces its compressed pixels, `text` is a comment."""
    if data is None:
        data = zlib.compress((b"\0" * (1 + (width + 7) // 8)) * height)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    comment = _chunk(b"tEXt", b"Comment\0" + text) if text else b""
    parts = _chunk(b"IHDR", head), comment, _chunk(b"IDAT", data), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
