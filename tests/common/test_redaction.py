"""The redactor: each kind of secret vanishes, ordinary text stays, no input makes it slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from common.redaction import HIDDEN, redact
from tests.sizes import examples

TOKENS = {
    "aws access key": r"AKIA[A-Z0-9]{16}",
    "google api key": r"AIza[A-Za-z0-9_-]{35}",
    "github": r"gh[pousr]_[A-Za-z0-9]{36}",
    "github fine-grained": r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    "gitlab": r"glpat-[A-Za-z0-9_-]{20}",
    "grafana": r"glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}",
    "slack": r"xox[abpr]-[0-9]{10,13}-[0-9]{10,13}-[A-Za-z0-9]{24}",
    "stripe": r"sk_live_[A-Za-z0-9]{24}",
    "npm": r"npm_[A-Za-z0-9]{36}",
    "pypi": r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50}",
    "sendgrid": r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "telegram": r"[1-9][0-9]{8}:AA[A-Za-z0-9_-]{33}",
    "jwt": r"eyJ[A-Za-z0-9_-]{20}\.eyJ[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20}",
    "causebook": r"cb_[A-Za-z0-9_-]{43}",
}
VALUE = r"[A-Za-z0-9!$%*+/?^_~.-]{8,20}"
PHRASE = r"[A-Za-z0-9]{5,9} [A-Za-z0-9,;]{5,9} [A-Za-z0-9]{5,9}"
KEYS = (
    "password",
    "DB_PASSWORD",
    "X-Api-Key",
    "client_secret",
    "AccountKey",
    "accessKey",
    "spring.token",
    "auth_token",
    "Authorization",
    "SECRET_ACCESS_KEY",
    "DB_PASS",
    "passphrase",
)
SHAPES = {
    "assignment": ("{key}={value}", VALUE),
    "yaml": ("{key}: {value}", VALUE),
    "nested yaml": ("secret:\n  {key}: {value}", VALUE),
    "json": ('"{key}": "{value}"', PHRASE),
    "json in json": ('\\"{key}\\":\\"{value}\\"', PHRASE),
    "python": ("'{key}': '{value}'", PHRASE),
    "ruby": ('"{key}" => "{value}"', PHRASE),
    "form field": ("user[{key}]={value}", VALUE),
    "bearer header": ("Authorization: Bearer {value}", VALUE),
    "basic header": ("Authorization: Basic {value}==", r"[A-Za-z0-9+/]{10,20}"),
    "scheme": ("sent Bearer {value}", r"[A-Za-z]{6}[0-9][A-Za-z0-9._-]{8,20}"),
    "url": ("postgres://app:{value}@db:5432/shop", r"[A-Za-z0-9!$%*+^_~.@:-]{8,20}"),
    "url without a name": ("redis://:{value}@cache/0", r"[A-Za-z0-9]{8,20}"),
    "connection string": ("Server=db;Uid=app;Pwd={value};Encrypt=yes", VALUE),
    "azure": ("DefaultEndpointsProtocol=https;AccountKey={value}==;x", r"[A-Za-z0-9+/]{86}"),
    "shared access": ("https://x.blob.core.windows.net/a?sv=1&sig={value}&se=2", VALUE),
    "private key": (
        "-----BEGIN RSA PRIVATE KEY-----\n{value}\n-----END RSA PRIVATE KEY-----",
        r"[A-Za-z0-9+/]{64}",
    ),
    "cut private key": ("-----BEGIN OPENSSH PRIVATE KEY-----\\n{value}", r"[A-Za-z0-9+/]{64}"),
}
SHAPES_OF_SEVERAL_PARTS = {
    "nested quoted yaml": ("secret:\n  app:\n    url: '{value}'", PHRASE),
    "nested header": ("token: Authorization: Digest username=a, response={value}", VALUE),
    "digest header": ('Authorization: Digest username="app", response="{value}"', r"[0-9a-f]{32}"),
}
"""An open quote before one of these ends at a quote within it, so they are tried on their own."""
TRAPS = (
    "token: ",
    'password="',
    "secret='",
    "secret:\n",
    "Authorization: Digest ",
    "bearer ",
    "https://u:",
    "eyJhbGciOiJIUzI1NiJ9.",
    "SG.",
    "api key",
    "password: password:",
    'token: "a\\',
    "\x1b[31m",
    "\\n",
    "-----BEGIN ",
    HIDDEN,
    "",
    "é",
)
SURROUNDINGS = st.one_of(st.text(max_size=30), st.sampled_from(TRAPS))
SEPARATORS = st.sampled_from([" ", "\n", "\t", "'", ",", ";", "(", "|", "<", " - "])


def secrets() -> SearchStrategy[tuple[str, str]]:
    """A text with a secret in it, and the secret."""
    tokens = [
        st.from_regex(pattern, fullmatch=True).map(lambda token: (token, token))
        for pattern in TOKENS.values()
    ]
    shaped = [
        st.builds(
            lambda key, value, shape=shape: (shape.format(key=key, value=value), value),
            st.sampled_from(KEYS),
            st.from_regex(pattern, fullmatch=True),
        )
        for shape, pattern in SHAPES.values()
    ]
    return st.one_of(*tokens, *shaped)


@given(SURROUNDINGS, SEPARATORS, secrets(), SEPARATORS, SURROUNDINGS)
@settings(max_examples=examples(300), deadline=None)
def test_each_kind_of_secret_vanishes_in_any_surroundings(
    before: str, left: str, secret: tuple[str, str], right: str, after: str
) -> None:
    text, value = secret
    hidden = redact(f"{before}{left}{text}{right}{after}")
    assert value not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize("kind", [*SHAPES_OF_SEVERAL_PARTS])
def test_a_secret_of_several_parts_vanishes(kind: str) -> None:
    shape, pattern = SHAPES_OF_SEVERAL_PARTS[kind]

    @given(SEPARATORS, st.sampled_from(KEYS), st.from_regex(pattern, fullmatch=True))
    @settings(max_examples=examples(30), deadline=None)
    def check(separator: str, key: str, value: str) -> None:
        text = shape.format(key=key, value=value)
        assert value not in redact(f"refused{separator}{text}{separator}twice")

    check()


@pytest.mark.parametrize("kind", [*TOKENS])
@pytest.mark.parametrize("before", ["\x1b[31m", "\\n", "key_", "user:", "https://"])
def test_a_known_token_needs_no_space_before_it(kind: str, before: str) -> None:
    token = st.from_regex(TOKENS[kind], fullmatch=True)

    @given(token)
    @settings(max_examples=5, deadline=None)
    def check(token: str) -> None:
        assert token not in redact(f"{before}{token} refused")

    check()


@given(st.lists(st.one_of(SURROUNDINGS, secrets().map(lambda secret: secret[0])), max_size=6))
@settings(max_examples=examples(200), deadline=None)
def test_redacting_twice_changes_nothing_more(parts: list[str]) -> None:
    once = redact("".join(parts))
    assert redact(once) == once


ALMOST_SECRET = (
    "password token secret authentication infrastructure-team author: cb_x"
    " <*> tokens: broken: secretary: compass: keys: 10.0.0.7:5432 C++ -----BEGIN----- xox- SG."
)
ORDINARY = st.one_of(
    st.from_regex(r"[a-z]{1,12}", fullmatch=True),
    st.from_regex(r"[0-9]{1,6}(ms|s|%|GB)?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{40}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}", fullmatch=True),
    st.from_regex(r"[a-z]{3,8}-[0-9a-f]{6,10}-[a-z0-9]{5}", fullmatch=True),
    st.from_regex(r"image@sha256:[0-9a-f]{64}", fullmatch=True),
    st.from_regex(r"https://[a-z]{3,8}:[0-9]{4}/[a-z]{3,8}\?page=[0-9]{1,3}&by=a", fullmatch=True),
    st.from_regex(r"[a-z]{3,6}@[a-z]{3,6}\.example", fullmatch=True),
    st.from_regex(r"[a-z]{3,8}=[A-Za-z0-9./:-]{1,20}", fullmatch=True),
    st.from_regex(r"2026-0[1-9]-[12][0-9]T0[0-9]:[0-5][0-9]:00Z", fullmatch=True),
    st.sampled_from(ALMOST_SECRET.split()),
)


@given(st.lists(ORDINARY, max_size=12), st.sampled_from([" ", "\n", ", ", " - ", "; "]))
@settings(max_examples=examples(200), deadline=None)
def test_ordinary_text_stays_as_it_is(words: list[str], separator: str) -> None:
    text = separator.join(words)
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "token expired after 3 h; tokens: 17",
        "orders-db: CPU at 95 %",
        "basic authentication failed for 12 users",
        "HOME=/root PWD=/app started",
        "bearer authentication-service restarted",
        "checkout answers 500 at https://shop.example:8443/pay, mail ops@shop.example",
        "xcb_connection_has_error_after_reading_the_reply_of_the_server failed",
        "connection refused: https://orders:8080/api/v1/items?id=1 (user admin@example.org)",
    ],
)
def test_it_leaves_sentences_of_incidents_alone(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=hunter22 for app", "password=[redacted] for app"),
        ('{"api_key": "k-123456789", "b": 1}', '{"api_key": "[redacted]", "b": 1}'),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ("postgres://app:hush-hush@db/shop is down", "postgres://app:[redacted]@db/shop is down"),
        ("AKIAIOSFODNN7EXAMPLE leaked", "[redacted] leaked"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end",
            "[redacted] end",
        ),
        ("Server=db;Password=a!b;Encrypt=yes", "Server=db;Password=[redacted];Encrypt=yes"),
    ],
)
def test_it_hides_the_value_and_leaves_what_is_around(text: str, expected: str) -> None:
    assert redact(text) == expected


PIECES = (
    "a.",
    "a-",
    "-",
    "=",
    ":",
    " ",
    "\n",
    "\\",
    '"',
    "@",
    "é",
    "A",
    "eyJ",
    "eyJaaaaaaaa",
    "eyJaaaaaaaa.",
    "eyJaaaaaaaa.bbbbbbbb",
    "://",
    "a://",
    "://a:",
    "://a:b",
    "://@:@",
    "::::",
    "password",
    "password=",
    "token: ",
    "token: ab,",
    'token:"a":',
    'password\\"',
    'password="\\',
    "password='",
    "bearer ",
    "basic  ",
    "bearer aaaaaaaaaaaa-",
    "ghp_",
    "AKIA",
    "xoxb-",
    "SG.",
    "SG.aaaaaaaaaaaaaaaa.",
    "1234567890:AA",
    "sk_live_",
    "authorization: digest ",
    "authorization",
    "api key",
    ";pwd",
    "&sig",
    "12345",
    "PRIVATE KEY",
    "-----BEGIN ",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----END ",
)
STARTS = ("", "password=", "://a:", "eyJ", "-----BEGIN PRIVATE KEY-----")


def redacts_within(seconds: float, text: str) -> bool:
    """In CPU time, at the best of three: a busy machine does not count."""
    for _ in range(3):
        start = time.process_time()
        redact(text)
        if time.process_time() - start < seconds:
            return True
    return False


@pytest.mark.clock
@pytest.mark.parametrize("piece", PIECES)
def test_no_input_makes_it_slow(piece: str) -> None:
    """8,000 characters take at most 20 ms, and five times as many at most five times as long."""
    for start in STARTS:
        for size in (8_000, 40_000):
            assert redacts_within(0.02 * size / 8_000, start + (piece * size)[:size])
