"""Messages to browsers by Web Push: encrypted for one subscription (RFC 8291), signed by this
installation (VAPID, RFC 8292). What is sent, and where to, is decided elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

PUSH_SERVICES = frozenset({"fcm.googleapis.com", "web.push.apple.com"})
"""Hosts of the push services of Chrome and Safari."""
PUSH_SERVICE_DOMAINS = (
    ".push.services.mozilla.com",
    ".push.apple.com",
    ".notify.windows.com",
)
LONGEST_ENDPOINT = 2000
RECORD_SIZE = 4096
MOST_BYTES = RECORD_SIZE - 86 - 17
"""Of a message: push services take records of 4096 bytes, of which header and seal take some."""
PROOF_LIVES = timedelta(hours=12)
"""Push services refuse proofs that live for more than a day."""


@dataclass(frozen=True)
class Recipient:
    """What a browser gives for a subscription, its two keys in base64url."""

    endpoint: str
    p256dh: str
    auth: str


def service_of(endpoint: str, also: frozenset[str] = frozenset()) -> str:
    """The host of the push service at an address; `also` are hosts that the settings allow.

    Raises ValueError for any other address.
    """
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii():
        raise ValueError("This is no address of a push service.")
    address = urlsplit(endpoint)
    host = address.hostname or ""
    if address.scheme != "https" or address.netloc.lower() != host:
        raise ValueError("A push service has an https address without port and user.")
    if host in PUSH_SERVICES | also or host.endswith(PUSH_SERVICE_DOMAINS):
        return host
    raise ValueError(
        f"{host[:100]} is no known push service. PUSH_SERVICES allows one of your own."
    )


def new_private_key() -> str:
    """A key to sign as this installation, as text."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _encoded(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def public_key(private_key: str) -> str:
    """The key that browsers subscribe with."""
    return _encoded(_point(_loaded(private_key).public_key()))


def proof(endpoint: str, private_key: str, contact: str, now: datetime) -> str:
    """The Authorization header that says who sends; `contact` is a https or mailto address."""
    address = urlsplit(endpoint)
    claims = {
        "aud": f"{address.scheme}://{address.netloc}",
        "exp": int((now + PROOF_LIVES).timestamp()),
        "sub": contact,
    }
    token = jwt.encode(claims, _loaded(private_key), algorithm="ES256")
    return f"vapid t={token}, k={public_key(private_key)}"


def check_keys(recipient: Recipient) -> None:
    """Raises ValueError for keys that no browser makes."""
    _browser_key(recipient.p256dh)
    if len(_decoded(recipient.auth)) != 16:
        raise ValueError("The secret of the subscription must have 16 bytes.")


def encrypt(
    message: bytes,
    recipient: Recipient,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A body with the content encoding aes128gcm that only the subscribed browser can read.

    `salt` and `sender` are random and for one message; given only to check known results.
    Raises ValueError for a message of more than MOST_BYTES, and for keys that are none.
    """
    if len(message) > MOST_BYTES:
        raise ValueError(f"A message may have {MOST_BYTES} bytes.")
    salt = os.urandom(16) if salt is None else salt
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    browser = _browser_key(recipient.p256dh)
    point = _point(sender.public_key())
    shared = sender.exchange(ec.ECDH(), browser)
    info = b"WebPush: info\x00" + _point(browser) + point
    secret = _derived(shared, _decoded(recipient.auth), info, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
    sealed = AESGCM(key).encrypt(nonce, message + b"\x02", None)
    return salt + struct.pack(">IB", RECORD_SIZE, len(point)) + point + sealed


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _browser_key(text: str) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(text))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _loaded(private_key: str) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(_decoded(private_key), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "made by new_private_key"
    return key


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("The keys of the subscription must be in base64url.") from error
