"""The metadata of a SAML identity provider, fetched from its address: changed, wrong, or away."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.sign_in import saml_metadata
from config import sign_in
from tests.accounts import certificates, saml_provider

pytestmark = pytest.mark.django_db
ATTRIBUTES = {"email": ["ada@example.com"], "username": ["ada"]}
Keys = tuple[str, str]


class Publisher:
    """A server that publishes what a test wants: bytes, or None for a refusal."""

    def __init__(self, port: int = 0) -> None:
        self.body: bytes | None = b""
        self.requests = 0
        self.seconds = 0.0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.requests += 1
                self.send_response(503 if publisher.body is None else 200)
                self.end_headers()
                if not publisher.seconds:
                    self.wfile.write(publisher.body or b"")
                    return
                for byte in publisher.body or b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(publisher.seconds)

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return  # Whoever reads hung up.

            def log_message(self, *_: Any) -> None:
                """Tests print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    yield made
    made.close()


@pytest.fixture(scope="module")
def keys() -> tuple[Keys, Keys]:
    return saml_provider.key_and_certificate(), saml_provider.key_and_certificate()


@pytest.fixture
def set_up(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`set_up(url)`: as the environment variables say it."""
    settings.SIGN_UP_DOMAINS = ["example.com"]

    def configure(url: str, entity_id: str = "") -> None:
        cache.clear()
        monkeypatch.setenv("SAML_METADATA_URL", url)
        monkeypatch.setenv("SAML_IDP_ENTITY_ID", entity_id)
        app = sign_in._saml()
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": []}, "saml": {"APPS": [app]}}

    return configure


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a minute passed between any two steps."""
    monkeypatch.setattr(saml_metadata, "FRESH_FOR", -1)
    monkeypatch.setattr(saml_metadata, "PAUSE", 0)


def leave() -> tuple[Client, Any]:
    """A browser that wants to sign in, and the page that it gets."""
    browser = Client()
    return browser, browser.post(reverse("saml_login", args=["main"]))


def come(keys: Keys, **changed: Any) -> bool:
    """Whether an answer signed with these keys signs in."""
    browser, page = leave()
    assert page.status_code == 200, page.content.decode()
    asked = saml_provider.request_of(page.context["target"])
    response = saml_provider.response(asked, "ada-1", ATTRIBUTES, *keys, **changed)
    posted = Client().post(reverse("saml_acs", args=["main"]), {"SAMLResponse": response})
    browser.cookies.update(posted.cookies)
    browser.get(posted.headers["Location"], follow=True)
    return browser.get(reverse("account")).status_code == 200


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("from_file", [False, True], ids=["address", "file"])
def test_a_new_signing_key_counts_as_soon_as_the_metadata_has_it(
    from_file: bool, publisher: Publisher, keys: tuple[Keys, Keys], tmp_path: Path,
    set_up: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = tmp_path / "metadata.xml"
    monkeypatch.setenv("SAML_METADATA_FILE", str(path) if from_file else "")
    set_up("" if from_file else f"http://127.0.0.1:{publisher.port}/metadata")
    old, new = keys
    for published, accepted, refused in (
        ([old], [old], [new]),
        # While a key is replaced, both are published, and an answer is signed with either.
        ([old, new], [old, new], []),
        ([new], [new], [old]),
    ):
        publisher.body = saml_provider.metadata(*(each[1] for each in published)).encode()
        path.write_bytes(publisher.body)
        assert all(come(each) for each in accepted)
        assert not any(come(each) for each in refused)
    assert User.objects.count() == 1


def test_metadata_is_fetched_once_a_minute_and_helps_out_while_the_address_is_away(
    publisher: Publisher, keys: tuple[Keys, Keys], set_up: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    set_up(f"http://127.0.0.1:{publisher.port}/metadata")
    publisher.body = saml_provider.metadata(keys[0][1]).encode()
    assert come(keys[0])
    assert come(keys[0])
    assert publisher.requests == 1
    publisher.body = None
    now = time.time() + 61
    monkeypatch.setattr(saml_metadata.time, "time", lambda: now)
    assert come(keys[0])
    assert come(keys[0])
    assert publisher.requests == 2, "An address that failed is not asked by everybody."


@pytest.mark.usefixtures("no_waiting")
def test_an_identity_provider_that_is_away_at_the_start_is_found_later(
    keys: tuple[Keys, Keys], set_up: Callable[..., None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    set_up(f"http://127.0.0.1:{port}/metadata")
    assert "Sign in with SAML" in Client().get(reverse("login")).content.decode()
    _, page = leave()
    assert page.status_code == 503
    assert "The metadata cannot be fetched: ConnectError." in page.content.decode()
    for name in ("saml_metadata", "saml_sls"):
        assert Client().get(reverse(name, args=["main"])).status_code == 503, name
    User.objects.create_user("oncall", password="pass-for-tests")
    given = {"username": "oncall", "password": "pass-for-tests"}
    assert Client().post(reverse("login"), given).status_code == 302
    publisher = Publisher(port)
    publisher.body = saml_provider.metadata(keys[0][1]).encode()
    assert come(keys[0])
    publisher.close()


TOO_LARGE = b"<!--" + b"x" * saml_metadata.MOST_BYTES + b"-->"


@pytest.mark.usefixtures("no_waiting")
def test_metadata_that_is_none_is_named_on_the_page(
    publisher: Publisher, keys: tuple[Keys, Keys], set_up: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    url = f"http://127.0.0.1:{publisher.port}/metadata"
    good = saml_provider.metadata(keys[0][1])
    entity = "<!DOCTYPE a [<!ENTITY b 'c'>]>"
    for body, why in (
        (good.encode() + TOO_LARGE, "larger than 5 MB"),
        (b"", "not XML of an identity provider"),
        (b"<html>Sign in first</html>", "names no identity provider"),
        (b"\x00\xff", "not XML of an identity provider"),
        ((entity + good).encode(), "not XML of an identity provider"),
        (saml_provider.metadata().encode(), "no certificate"),
        (
            good.replace("HTTP-Redirect", "HTTP-POST").encode(),
            "no identity provider with a sign-in",
        ),
        (None, "answers 503"),
    ):
        publisher.body = body
        set_up(url)
        _, page = leave()
        assert page.status_code == 503, why
        assert why in page.content.decode()
    publisher.body, publisher.seconds = good.encode(), 0.02
    monkeypatch.setattr(saml_metadata, "DEADLINE", 0.3)
    assert "too slowly" in leave()[1].content.decode()


@pytest.mark.usefixtures("no_waiting")
def test_only_the_identity_provider_that_is_set_counts(
    publisher: Publisher, keys: tuple[Keys, Keys], set_up: Callable[..., None]
) -> None:
    url = f"http://127.0.0.1:{publisher.port}/metadata"
    both = [
        saml_provider.metadata(keys[0][1]),
        saml_provider.metadata(keys[1][1], entity="https://other.example.com"),
    ]
    xmlns = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
    whole = f"<md:EntitiesDescriptor {xmlns}>{''.join(both)}</md:EntitiesDescriptor>"
    publisher.body = whole.encode()
    set_up(url, saml_provider.ENTITY)
    assert come(keys[0])
    assert not come(keys[1])
    # The answers are of the first provider, and this site trusts the second alone.
    set_up(url, "https://other.example.com")
    assert not come(keys[0])
    assert not come(keys[1])
    for name in ("https://third.example.com", "it's none"):
        set_up(url, name)
        _, page = leave()
        assert page.status_code == 503
        assert "no identity provider" in page.content.decode() or "not XML" in page.content.decode()


@pytest.mark.usefixtures("no_waiting")
def test_metadata_by_https_comes_from_a_server_with_a_certificate_that_is_trusted(
    publisher: Publisher, keys: tuple[Keys, Keys], set_up: Callable[..., None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    authority, certificate, key = certificates.make(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    publisher.server.socket = context.wrap_socket(publisher.server.socket, server_side=True)
    publisher.body = saml_provider.metadata(keys[0][1]).encode()
    set_up(f"https://localhost:{publisher.port}/metadata")
    assert "ConnectError" in leave()[1].content.decode()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert come(keys[0])
    set_up(f"https://127.0.0.1:{publisher.port}/metadata")
    assert "ConnectError" in leave()[1].content.decode()
