"""A browser with a subscription, and the push service that it is subscribed at."""

from __future__ import annotations

import base64
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.web_push import Recipient

CURVE = ec.SECP256R1()


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class PushBrowser:
    """Decrypts what comes as RFC 8188 and RFC 8291 say."""

    endpoint: str = "https://fcm.googleapis.com/fcm/send/one"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.endpoint, encoded(point_of(self.key)), encoded(self.auth))

    @property
    def fields(self) -> dict[str, str]:
        """What push.js sends."""
        given = self.recipient
        return {"endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth}

    def read(self, body: bytes) -> bytes:
        salt, (size, length) = body[:16], struct.unpack(">IB", body[16:21])
        point, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size, "one record"
        sender = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
        info = b"WebPush: info\0" + point_of(self.key) + point
        shared = self.key.exchange(ec.ECDH(), sender)
        secret = HKDF(SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1] == 2, "the last record ends with it"
        return padded[:-1]


@dataclass
class PushService:
    """Takes messages as push services do, and passes them to one browser; `answers` come first."""

    browser: PushBrowser
    server_key: str
    answers: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)
    proofs: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.answers:
            status, headers = self.answers.pop(0)
            return httpx.Response(status, headers=headers)
        if str(request.url) != self.browser.endpoint:
            return httpx.Response(404)
        kind, _, rest = request.headers["authorization"].partition(" ")
        parts = dict(each.strip().split("=", 1) for each in rest.split(","))
        assert (kind, parts["k"]) == ("vapid", self.server_key)
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(parts["k"]))
        address = urlsplit(self.browser.endpoint)
        proof = jwt.decode(
            parts["t"], key, algorithms=["ES256"], audience=f"https://{address.netloc}"
        )
        assert request.headers["content-encoding"] == "aes128gcm"
        assert int(request.headers["ttl"]) > 0
        assert len(request.content) <= 4096, "more is refused with 413"
        self.proofs.append(proof)
        self.headers.append(request.headers)
        self.shown.append(json.loads(self.browser.read(request.content)))
        return httpx.Response(201)
