"""Which addresses the server may send requests to, and a client that connects to no other.

A person who may enter an address, or a payload that names one, must not reach what only this host
can: databases, admin pages, the credentials of a cloud's metadata service. A name is resolved
once, each of its addresses is checked, and the connection goes to the address that was checked;
certificate and Host header are still those of the name.
"""

from __future__ import annotations

import socket
import ssl
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = tuple(
    ip_network(each)
    for each in (
        "169.254.0.0/16",  # AWS, Azure, Google, containers on AWS, and others
        "168.63.129.16/32",  # Azure's host
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google
        "fe80::a9fe:a9fe/128",
    )
)
"""Where clouds hand out credentials to whoever can connect."""
METADATA_NAMES = ("metadata.google.internal", "metadata.goog", "instance-data")
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("::/96"))
"""IPv6 networks whose addresses end with the IPv4 address that they lead to."""
MOST_TRIED = 4
"""Addresses of one name that are tried; names with more are load balancers."""


class AddressRefused(Exception):
    """The address is not allowed; the message says which setting allows it."""


class NameUnknown(OSError):
    """The name has no address."""


REQUEST_FAILED = (httpx.HTTPError, httpx.InvalidURL, AddressRefused)
"""What a request by `http_client` raises where it got no answer."""


@lru_cache(maxsize=16)
def _networks(entries: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(each, strict=False) for each in entries)


def allowed_networks() -> tuple[Network, ...]:
    """The networks of ALLOWED_PRIVATE_NETWORKS. Raises ValueError for what is none."""
    return _networks(tuple(settings.ALLOWED_PRIVATE_NETWORKS))


def _leads_to(address: Address) -> list[Address]:
    """The address, and the IPv4 addresses it may be translated to on the way."""
    found = [address]
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(address in network for network in _TRANSLATED) and int(address) > 1:
            inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
        found += [each for each in inner if each is not None]
    return found


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return True  # What counts is the IPv4 address in it, which is checked by itself.
    if any(address in network for network in _TRANSLATED[:2]):
        return True
    reserved = address.is_multicast or address.is_reserved or address.is_unspecified
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not reserved and not site_local


def _refusal(address: Address, allowed: tuple[Network, ...]) -> str:
    """What is wrong with an address; empty if it is allowed."""
    if any(address in network for network in METADATA):
        if any(address in each and each.num_addresses == 1 for each in allowed):
            return ""
        return (
            f"{address}, where clouds hand out credentials. If that is meant, name this one "
            f"address in ALLOWED_PRIVATE_NETWORKS"
        )
    if _is_public(address) or any(address in network for network in allowed):
        return ""
    return (
        f"{address}, which is in a private network. An administrator allows it with the setting "
        f"ALLOWED_PRIVATE_NETWORKS={_around(address)}"
    )


def _around(address: Address) -> str:
    """The network that somebody who wants this address probably means."""
    usual = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
    return next((each for each in usual if address in ip_network(each)), str(address))


def check_address(host: str, given: str) -> None:
    """Raises AddressRefused for an IP address that `host` may not lead to."""
    address = ip_address(given.partition("%")[0])
    for each in _leads_to(address):
        refusal = _refusal(each, allowed_networks())
        if refusal:
            raise AddressRefused(f"{host} leads to {refusal}.")


def check_host_as_written(host: str) -> None:
    """Refuse what needs no name server to be known: IP addresses, and names of metadata services.

    For forms, so that a person sees the reason at once; `resolve` decides at each connection.
    """
    host = host.strip().strip("[]").rstrip(".").lower()
    if host in METADATA_NAMES and not any(each.num_addresses == 1 for each in allowed_networks()):
        raise AddressRefused(f"{host} is where clouds hand out credentials.")
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    try:
        check_address(host, host)
    except ValueError:
        try:
            # Also 0x7f.1, 0177.1 and 2130706433, as the operating system reads them.
            check_address(host, socket.inet_ntoa(socket.inet_aton(host)))
        except OSError:
            return


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, each of them checked. Raises AddressRefused and NameUnknown."""
    host = host.strip("[]")
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnknown(f"the name {host[:200]} has no address") from error
    found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    for address in found:
        check_address(host, address)
    return found[:MOST_TRIED]


class PinnedTransport(httpx.HTTPTransport):
    """Connects to the address that was checked, whatever the name resolves to a moment later."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        try:
            addresses = resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        except NameUnknown as error:
            raise httpx.ConnectError(str(error), request=request) from error
        for number, address in enumerate(addresses, 1):
            pinned = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": url.host},
            )
            try:
                return super().handle_request(pinned)
            except httpx.ConnectError:
                # “localhost” is ::1 too, where often nothing listens.
                if number == len(addresses):
                    raise
        raise httpx.ConnectError(f"{url.host} has no address", request=request)


@lru_cache(maxsize=16)
def _trusted(authority: str) -> ssl.SSLContext:
    """Reading the public authorities takes 50 ms of CPU, more than the request they are for."""
    if authority:
        return ssl.create_default_context(cadata=authority)
    return httpx.create_ssl_context(trust_env=False)


def http_client(*, authority: str = "", **options: Any) -> httpx.Client:
    """A client for addresses that people enter: pinned, without redirects and without a proxy.

    Certificates are those of `authority` (PEM) where one is given, else of public authorities.
    """
    return httpx.Client(
        transport=PinnedTransport(verify=_trusted(authority), trust_env=False),
        follow_redirects=False,
        trust_env=False,
        **options,
    )


def check_url(url: str) -> None:
    """Refuse an URL whose host is a forbidden address as it is written. Raises AddressRefused."""
    check_host_as_written(urlsplit(url).hostname or "")


def read_body(response: httpx.Response, most: int, until: float | None = None) -> bytes:
    """The body, of which no more is read once it has over `most` bytes.

    Raises httpx.ReadTimeout once the monotonic clock has passed `until`.
    """
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > most:
            break
        if until is not None and time.monotonic() > until:
            raise httpx.ReadTimeout("The body took too long.")
    return bytes(body)
