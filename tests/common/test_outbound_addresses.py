"""Requests to addresses that people enter: what is refused, allowed and pinned."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django import forms

from analysis.sources import registry
from analysis.sources.base import SourceError
from common import outbound_addresses
from common.outbound_addresses import (
    AddressRefused,
    check_host_as_written,
    http_client,
    resolve,
)
from common.plugin_settings import PluginSettings
from kb.chat import registry as platforms
from kb.chat.base import OutboundRequest
from kb.chatops.outbound import NotSent, send
from kb.models import Workspace

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",  # noqa: S104
    "192.168.1.1", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "10.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "[::1]",
    "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1",
    "localhost", "LOCALHOST.", "db.localhost",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "fd20:ce::254",
    "100.100.100.200", "168.63.129.16", "192.0.0.192",
]  # fmt: skip
PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e",
          "::ffff:93.184.215.14", "1.1.1.1"]  # fmt: skip


@pytest.fixture
def closed(settings: Any) -> Any:
    """As installed: no private network is allowed."""
    settings.ALLOWED_PRIVATE_NETWORKS = []
    return settings


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name server of the test's own; counts how often a name was resolved."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        if host not in known:
            return real(host, port, *rest, **options)
        addresses = known[host]
        # Each look-up takes the next answer, as a hostile name server gives it.
        address = addresses.pop(0) if len(addresses) > 1 else addresses[0]
        return real(address, port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize("host", [*PRIVATE, *METADATA])
def test_private_and_metadata_addresses_are_refused_in_every_notation(
    host: str, closed: Any
) -> None:
    with pytest.raises(AddressRefused, match="ALLOWED_PRIVATE_NETWORKS"):
        check_host_as_written(host)
    if not host.lower().rstrip(".").endswith("localhost"):
        with pytest.raises(AddressRefused):
            resolve(host, 80)


@pytest.mark.parametrize("host", [*PUBLIC, "prometheus", "kb.example.com"])
def test_public_addresses_and_names_are_not_refused_as_written(host: str, closed: Any) -> None:
    check_host_as_written(host)


@pytest.mark.parametrize("host", METADATA)
def test_a_wide_network_never_opens_a_metadata_service(host: str, settings: Any) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["0.0.0.0/0", "::/0", "169.254.0.0/16", "fd00::/8"]
    with pytest.raises(AddressRefused, match="credentials"):
        check_host_as_written(host)


def test_a_network_is_allowed_by_the_setting_and_a_metadata_address_by_its_own(
    settings: Any,
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["10.0.0.0/8", "169.254.169.254"]
    for host in ("10.1.2.3", "::ffff:10.1.2.3", "169.254.169.254"):
        check_host_as_written(host)
    for host in ("192.168.1.1", "169.254.170.2", "::1"):
        with pytest.raises(AddressRefused):
            check_host_as_written(host)


def test_the_refusal_says_how_to_allow_it(closed: Any) -> None:
    with pytest.raises(AddressRefused, match=r"ALLOWED_PRIVATE_NETWORKS=10\.0\.0\.0/8"):
        check_host_as_written("10.1.2.3")


def test_one_private_address_of_several_refuses_a_name(
    closed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(0, 0, 0, "", (each, 80)) for each in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    with pytest.raises(AddressRefused, match="two-faced leads to 10"):
        resolve("two-faced", 80)


def test_a_name_that_changes_after_the_check_changes_nothing(
    names: dict[str, list[str]], server: Callable[[Any], str]
) -> None:
    """DNS rebinding: the second answer would lead to the metadata service."""
    seen: list[str] = []

    def behave(handler: Any) -> None:
        seen.append(handler.headers["Host"])
        handler.reply(200, b"{}")

    port = server(behave).rpartition(":")[2]
    names["rebinding.example"] = ["127.0.0.1", "169.254.169.254"]
    with http_client(timeout=2.0) as client:
        assert client.get(f"http://rebinding.example:{port}/").status_code == 200
        assert seen == [f"rebinding.example:{port}"], "the Host header is the name"
        assert names["rebinding.example"] == ["169.254.169.254"], "resolved once"
        with pytest.raises(AddressRefused):
            client.post(f"http://rebinding.example:{port}/", content=b"x")


def test_a_redirect_is_not_followed(server: Callable[[str], str]) -> None:
    with http_client(timeout=2.0) as client:
        assert client.get(server("redirect")).status_code == 302


def test_authorities_are_read_once_and_not_for_each_request(
    server: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    http_client().close()
    monkeypatch.delattr("ssl.create_default_context")
    with http_client(timeout=2.0) as client:
        assert client.get(server("redirect")).status_code == 302


def test_a_name_without_an_address_cannot_be_reached() -> None:
    with http_client(timeout=2.0) as client, pytest.raises(httpx.ConnectError, match="no address"):
        client.get("http://no-such-name.invalid/")


@pytest.mark.parametrize("kind", sorted(registry()))
def test_no_source_connects_to_where_it_may_not(
    kind: str, closed: Any, server: Callable[[Any], str]
) -> None:
    asked: list[str] = []

    def behave(handler: Any) -> None:
        asked.append(handler.path)
        handler.reply(200, b"{}")

    plugin = registry()[kind]
    fields = plugin.SettingsForm.base_fields
    port = server(behave).rpartition(":")[2]
    if not {"url", "host"} & set(fields):
        assert not any(isinstance(each, forms.URLField) for each in fields.values())
        return
    settings = {
        "url": f"http://127.0.0.1:{port}", "host": "127.0.0.1", "port": port, "username": "x",
    }  # fmt: skip
    with pytest.raises(SourceError, match="ALLOWED_PRIVATE_NETWORKS") as error:
        plugin(settings).probe(2.0)
    assert (error.value.reason, error.value.passing) == ("not-allowed", False)
    assert asked == []


@pytest.mark.parametrize("kind", sorted({**registry(), **platforms()}))
def test_each_form_with_an_address_names_the_setting(kind: str, closed: Any) -> None:
    plugins: dict[str, Any] = {**registry(), **platforms()}
    form_class = plugins[kind].SettingsForm
    fields = {
        name for name, field in form_class.base_fields.items()
        if name == "host" or isinstance(field, forms.URLField)
    }  # fmt: skip
    record = type("Record", (), {"pk": None, "settings": {}, "secrets": {}})()
    for name in fields:
        given = "169.254.169.254" if name == "host" else "http://169.254.169.254/latest"
        form = PluginSettings(form_class, record).page_form({name: given})
        shown = str(form.errors[name])
        assert "ALLOWED_PRIVATE_NETWORKS" in shown or "https://chat.googleapis.com" in shown


@pytest.mark.parametrize("host", ["/var/run/postgresql", "@abstract", "127.0.0.1,db.example.com"])
def test_postgresql_by_socket_or_several_hosts_is_refused(host: str, closed: Any) -> None:
    form = registry()["postgresql"].SettingsForm({"host": host, "username": "x"})
    assert "host" in form.errors
    with pytest.raises(SourceError):
        registry()["postgresql"]({"host": host, "username": "x"}).probe(2.0)


def test_postgresql_connects_to_the_address_that_was_checked(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["orders-db.example"] = ["127.0.0.1", "169.254.169.254"]
    given: dict[str, Any] = {}

    def connect(**options: Any) -> Any:
        given.update(options)
        raise psycopg.OperationalError("secret banner of whatever answered")

    monkeypatch.setattr(psycopg, "connect", connect)
    source = registry()["postgresql"]({"host": "orders-db.example", "username": "x"})
    with pytest.raises(SourceError) as error:
        source.probe(2.0)
    assert (given["host"], given["hostaddr"]) == ("orders-db.example", "127.0.0.1")
    assert "banner" not in str(error.value)
    assert "banner" in error.value.in_full


def test_a_chat_message_or_webhook_goes_nowhere_private(
    closed: Any, server: Callable[[Any], str]
) -> None:
    asked: list[str] = []

    def behave(handler: Any) -> None:
        asked.append(handler.path)
        handler.reply(200, b"ok")

    address = server(behave)
    workspace = Workspace(kind="webhook", name="Hook", settings={"url": address})
    with pytest.raises(NotSent, match="ALLOWED_PRIVATE_NETWORKS"):
        send(workspace, OutboundRequest(address, {"text": "hi"}))
    assert asked == []
    closed.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.1"]
    assert send(workspace, OutboundRequest(address, {"text": "hi"})) == b"ok"


def test_an_error_quotes_the_answer_to_those_only_who_manage_sources(
    server: Callable[[Any], str],
) -> None:
    body = b"root:x:0:0 password=hunter2-hunter2 " + b"z" * 5000
    url = server(lambda handler: handler.reply(500, body))
    with pytest.raises(SourceError) as error:
        registry()["prometheus"]({"url": url}).probe(2.0)
    assert "root:x" not in str(error.value)
    assert "root:x:0:0" in error.value.in_full
    assert "hunter2" not in error.value.in_full
    assert len(error.value.in_full) < 500


def test_a_greeting_that_is_no_http_is_not_quoted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            connection.sendall(b"SSH-2.0-OpenSSH_9.9 internal\r\n")
            connection.close()

        threading.Thread(target=greet, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(SourceError) as error:
            registry()["grafana"]({"url": url}).probe(2.0)
    assert "OpenSSH" not in str(error.value)


def test_every_request_of_the_product_goes_by_this_module() -> None:
    """Whoever opens a connection by other means would go around the checks."""
    root = outbound_addresses.__file__.rpartition("/common/")[0]
    allowed = {
        "common/outbound_addresses.py",
        "analysis/sources/http.py",  # names the types of errors
        "kb/chatops/outbound.py",
        "kb/remote_api.py",  # names the types of errors, too
        "incidents/push/sending.py",  # names statuses and a type
    }
    # Of the identity provider, whose address is a setting of who runs the server.
    by_setting = {"accounts/sign_in/saml_metadata.py"}
    found = {
        str(path.relative_to(root))
        for package in ("common", "people", "accounts", "incidents", "kb", "analysis", "practice")
        for path in Path(root, package).rglob("*.py")
        if any(
            each in path.read_text()
            for each in ("import httpx", "import requests", "urllib.request", "http.client")
        )
    }
    assert found <= allowed | by_setting
    for path in allowed - {"common/outbound_addresses.py"}:
        text = Path(root, path).read_text()
        assert "httpx.Client(" not in text
        assert "httpx.get" not in text
