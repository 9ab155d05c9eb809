"""The metadata of the SAML identity provider: from a file, or fetched from its address."""

from __future__ import annotations

import hashlib
import logging
import ssl
import time
from pathlib import Path
from typing import Any

import httpx
from django.core.cache import cache
from django.utils.module_loading import import_string

FILE = "file:"
MOST_BYTES = 5_000_000
TIMEOUT, DEADLINE = 5.0, 10.0
FRESH_FOR = 60.0
"""Seconds: so soon a new signing key of the provider counts."""
STORED_FOR = 7 * 24 * 3600
"""Seconds in which the last metadata helps out while the provider's address does not answer."""
PAUSE = 15.0
"""Seconds in which an address that failed is left alone: each wait holds a thread."""
log = logging.getLogger(__name__)


class Unavailable(Exception):
    """There is no metadata to sign in with; the message says why."""


def provider(idp: dict[str, Any]) -> dict[str, Any]:
    """The settings of an identity provider, as the SAML library wants them.

    Raises Unavailable where nothing fits, and nothing stored is young enough.
    """
    url, entity_id = idp["metadata_url"], idp.get("entity_id")
    digest = hashlib.sha256(f"{url} {entity_id}".encode()).hexdigest()
    key = f"saml-metadata:{digest}"
    now = time.time()
    stored = cache.get(key) or {}
    if now - stored.get("at", 0) < FRESH_FOR:
        return dict(stored["provider"])
    problem = cache.get(f"{key}:problem")
    if problem is None:
        try:
            found = _parsed(_text(url), entity_id)
        except Unavailable as error:
            problem = str(error)
            cache.set(f"{key}:problem", problem, PAUSE)
            log.error("SAML metadata: %s", problem)
        else:
            cache.set(key, {"at": now, "provider": found}, STORED_FOR)
            return found
    if stored:
        return dict(stored["provider"])
    raise Unavailable(problem)


def _text(url: str) -> bytes:
    if url.startswith(FILE):
        try:
            with Path(url.removeprefix(FILE)).open("rb") as file:
                return _limited(file.read(MOST_BYTES + 1))
        except OSError as error:
            raise Unavailable(f"SAML_METADATA_FILE cannot be read: {error.strerror}.") from error
    until = time.monotonic() + DEADLINE
    body = b""
    # Authorities of the system, as an identity provider of one's own has a certificate of those.
    trusted = ssl.create_default_context()
    try:
        with (
            httpx.Client(verify=trusted, timeout=TIMEOUT, follow_redirects=True) as client,
            # Not compressed, so that little cannot become very much at once.
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            response.raise_for_status()
            for part in response.iter_bytes():
                body = _limited(body + part)
                if time.monotonic() > until:
                    raise Unavailable("The identity provider sends its metadata too slowly.")
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise Unavailable(f"The address of the metadata answers {status}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"The metadata cannot be fetched: {type(error).__name__}.") from error
    return body


def _limited(body: bytes) -> bytes:
    if len(body) > MOST_BYTES:
        raise Unavailable(f"The metadata is larger than {MOST_BYTES // 1_000_000} MB.")
    return body


def _parsed(text: bytes, entity_id: str | None) -> dict[str, Any]:
    parse = import_string("onelogin.saml2.idp_metadata_parser.OneLogin_Saml2_IdPMetadataParser")
    try:
        found = parse.parse(text, entity_id=entity_id).get("idp", {})
    except Exception as error:  # The parser lets those of lxml and its own through.
        raise Unavailable("The metadata is not XML of an identity provider.") from error
    if not found and entity_id:
        raise Unavailable(f"The metadata has no identity provider of the name {entity_id}.")
    if not found.get("entityId") or not found.get("singleSignOnService", {}).get("url"):
        raise Unavailable("The metadata names no identity provider with a sign-in by redirect.")
    if not (found.get("x509cert") or found.get("x509certMulti", {}).get("signing")):
        raise Unavailable("The metadata has no certificate to check signatures with.")
    return dict(found)
