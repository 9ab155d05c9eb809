"""Takes out of messages what looks like a secret: chats keep and spread what incidents quote."""

from __future__ import annotations

import re

GONE = "[redacted]"
_WHOLE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10,}"
    r"|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bcb_[A-Za-z0-9_-]{30,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    re.DOTALL,
)
_NAMED = re.compile(
    r"(?i)\b((?:[\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?key|token))"
    r"""["']?\s*[=:]\s*["']?)([^\s"',;&]{4,})"""
)
_IN_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_=.-]{12,}")


def redacted(text: str) -> str:
    """`text` without keys, tokens, and the values of what is called a password or the like.

    >>> redacted("login failed: password=hunter22 at postgres://app:hush@db/shop")
    'login failed: password=[redacted] at postgres://app:[redacted]@db/shop'
    """
    text = _WHOLE.sub(GONE, text)
    text = _BEARER.sub(rf"\1 {GONE}", text)
    text = _NAMED.sub(rf"\1{GONE}", text)
    return _IN_ADDRESS.sub(rf"\1{GONE}@", text)
