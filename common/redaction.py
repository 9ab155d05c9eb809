"""Hides what looks like a secret: in evidence before it is stored, in messages before they leave.

Anyone who can write a log line chooses this module's input, so every pattern takes time linear in
the length of the text. Three habits ensure it: a pattern starts at the keyword, never at what comes
before it; a run of characters that may still fail later is possessive (`++`), or atomic (`(?>…)`)
where it is a run of groups, which Python before 3.11.5 gets wrong as possessive ones; and two
neighbouring runs in one pattern share no characters, unless nothing after them can fail.
"""

from __future__ import annotations

import re

HIDDEN = "[redacted]"

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?s:.*?)(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)

_KNOWN_TOKENS = re.compile(
    "|".join(
        (
            r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16,}",  # AWS access key
            r"AIza[A-Za-z0-9_-]{35}",  # Google API key
            r"GOCSPX-[A-Za-z0-9_-]{20,}",  # Google OAuth client secret
            r"ya29\.[A-Za-z0-9_-]{20,}",  # Google OAuth access token
            r"gh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
            r"github_pat_[A-Za-z0-9_]{20,}",
            r"gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_-]{16,}",  # GitLab
            r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",  # Grafana service account
            r"(?<=hooks\.slack\.com/services/)[A-Za-z0-9_/]{20,}",  # Slack incoming webhook
            r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack token
            r"xapp-[A-Za-z0-9-]{20,}",  # Slack app token
            r"(?<=/api/webhooks/)\d{5,20}/[A-Za-z0-9_-]{20,}",  # Discord webhook
            r"\d{8,10}:AA[A-Za-z0-9_-]{33}",  # Telegram bot
            r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
            r"whsec_[A-Za-z0-9+/=]{20,}",
            r"npm_[A-Za-z0-9]{36}",
            r"pypi-AgE[A-Za-z0-9_-]{20,}",
            r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,}",  # SendGrid
            r"sk-ant-[A-Za-z0-9_-]{20,}",
            r"hvs\.[A-Za-z0-9_-]{20,}",  # Vault
            r"NRAK-[A-Z0-9]{27}",  # New Relic
            r"cb_(?![a-z_]{43})[A-Za-z0-9_-]{43,}",  # Causebook; not a long name of a function
        )
    )
)

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}+(\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?)?")
"""A run without the dotted part matches too, or each `eyJ` in it would read on to its end."""

_KEYWORD_TOKEN = re.compile(r"(?i)\b((?:bearer|basic)\s++)([A-Za-z0-9+/_=.~-]{12,})")
_WORDS = re.compile(r"[A-Za-z]?[a-z]*(?:[-._/][A-Za-z]?[a-z]*)*")
"""Ordinary words after "bearer" or "basic", as in "basic authentication"."""

_NAMES_BELOW = r"""(?:[^\s"',;&]++(?<=[:=])\s++)"""
"""As in YAML, where a secret may be a mapping."""
_IN_ESCAPED, _IN_DOUBLE, _IN_SINGLE = (
    r'(?:[^"\\\n]|\\++[^"\\\n])', r'(?:[^"\\\n]|\\.)', r"(?:[^'\\\n]|\\.)"
)  # fmt: skip
"""One character in quotes. A name in quotes has at most 200: what is longer is a value."""
_AFTER_NAME = r"\s*+(?::|=>)"
_NAMED = re.compile(
    r"(?i)("
    r"(?:password|passwd|passphrase|secret|token|bearer|authorization"
    r"|(?:api|access|account|private|signing|encryption|client|shared|auth)[_ -]?key"
    r"|(?<=[_-])pass|(?<=;)pwd|(?<=;\s)pwd|(?<=[?&])sig|x-amz-signature)"
    r"""\\{0,3}["']?\]?\s*+[=:]{1,3}+>?\s*+"""  # JSON, YAML, headers, URLs, code
    r"""(?:\\{0,3}["'])?"""
    r")(?:"
    rf'(?<=\\")(?!(?>{_IN_ESCAPED}{{1,200}})\\++"{_AFTER_NAME})(?>{_IN_ESCAPED}+)'  # to the next \"
    rf"""|(?<=")(?!(?>{_IN_DOUBLE}{{1,200}})"{_AFTER_NAME})(?>{_IN_DOUBLE}+)"""
    rf"""|(?<=')(?!(?>{_IN_SINGLE}{{1,200}})'{_AFTER_NAME})(?>{_IN_SINGLE}+)"""
    rf"""|(?<!["'])(?:(?>{_NAMES_BELOW}*)(?:"""
    r"(?:digest|hawk|oauth|signature|aws4-[a-z0-9-]{1,30})\s[^\n]+"  # headers of several parts
    r"""|(?:(?:bearer|basic|token|apikey|negotiate|ntlm|geniekey)\s++)?[^\s"',;&]{3,}"""
    rf""")|(?>{_NAMES_BELOW}+)"""
    rf"""(?:"(?!(?>{_IN_DOUBLE}{{0,200}})"{_AFTER_NAME})(?>{_IN_DOUBLE}*)"""
    rf"""|'(?!(?>{_IN_SINGLE}{{0,200}})'{_AFTER_NAME})(?>{_IN_SINGLE}*))?)"""
    r")"
)
_URL_PASSWORD = re.compile(r"""(://[^\s/:@"'<>]*+:)[^\s/"'<>]+@""")


def redact(text: str) -> str:
    """`text` without keys and tokens, and without the values of passwords and the like.

    >>> redact("login failed: password=hunter22 at postgres://app:hush@db/shop")
    'login failed: password=[redacted] at postgres://app:[redacted]@db/shop'
    """
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(HIDDEN, text)
    if "eyJ" in text:
        text = _JWT.sub(lambda match: HIDDEN if match[1] else match[0], text)
    text = _KNOWN_TOKENS.sub(HIDDEN, text)
    text = _KEYWORD_TOKEN.sub(_without_token, text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    # Last, as it reads up to the next slash and those before may hide one.
    return _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text)


def _without_token(match: re.Match[str]) -> str:
    return match[0] if _WORDS.fullmatch(match[2]) else f"{match[1]}{HIDDEN}"
