"""How senders authenticate. All comparisons take constant time and use the raw bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

REPLAY_WINDOW = 300.0
"""Seconds that a signed time may differ from our clock."""


FOREVER = float("inf")
REPEAT_WINDOW = 20.0
"""Seconds within which the same body of a sender without ids is the same delivery again. Shorter
than a heartbeat's interval: such a sender repeats itself on purpose."""


class NotAuthentic(Exception):
    """The request is not authenticated; the message says what to change at the sender."""


@dataclass(frozen=True)
class SignedRequest:
    """The raw request, and when it was received."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime
    key_in_url: str = ""


class Scheme(Protocol):
    def check(self, request: SignedRequest, secrets: Iterable[str]) -> None:
        """Return if any of `secrets` is right. Raises NotAuthentic."""

    def repeats_within(self, request: SignedRequest) -> float:
        """Seconds within which the same body again is a copy of an earlier request."""

    def authenticated(self, request: SignedRequest, secret: str) -> SignedRequest:
        """The request as a sender that has `secret` makes it."""


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def _any(candidates: Iterable[str], expected: Iterable[str]) -> bool:
    """Whether any pair is equal; all pairs are compared, so that the time reveals nothing."""
    valid = list(expected)
    results = [_same(candidate, one) for candidate in candidates for one in valid]
    return any(results)


@dataclass(frozen=True)
class Token:
    """The secret itself: as bearer token, basic password, in a header, or in the URL."""

    header: str = "x-causebook-token"
    in_url: bool = False
    """For senders that can set neither header nor password."""

    def check(self, request: SignedRequest, secrets: Iterable[str]) -> None:
        given = [request.headers.get(self.header, ""), request.key_in_url if self.in_url else ""]
        how, _, rest = request.headers.get("authorization", "").partition(" ")
        if how.lower() in ("bearer", "token", "apikey"):
            given.append(rest.strip())
        elif how.lower() == "basic":
            given.append(_basic_password(rest))
        given = [each for each in given if each]
        if not given:
            raise NotAuthentic(
                "No secret came with the request. Send it as “Authorization: Bearer …”, as basic "
                f"password, or in the header {self.header}."
            )
        if not _any(given, secrets):
            raise NotAuthentic("The secret is not one of this integration's. Was it revoked?")

    def authenticated(self, request: SignedRequest, secret: str) -> SignedRequest:
        if self.in_url:
            return replace(request, key_in_url=secret)
        return replace(request, headers={**request.headers, self.header: secret})

    def repeats_within(self, request: SignedRequest) -> float:
        """Who copied the request has the secret, and need not repeat it: only senders do."""
        return REPEAT_WINDOW


def _require_recent(request: SignedRequest, sent: float, header: str) -> None:
    """Raises NotAuthentic for what was sent too long ago, or will be; `sent` in epoch seconds."""
    if not abs(request.at.timestamp() - sent) <= REPLAY_WINDOW:
        raise NotAuthentic(
            f"The time in {header} is more than {REPLAY_WINDOW / 60:.0f} minutes from ours. "
            "Is a clock wrong?"
        )


def _basic_password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


@dataclass(frozen=True)
class Hmac:
    """A keyed hash of the body in a header, as hex, possibly with a signed time before it."""

    header: str
    prefix: str = ""
    digest: str = "sha256"
    time_header: str = ""
    """If set, `<time><between><body>` is signed, and the time must be close to ours."""
    between: str = ":"
    before: str = ""
    """A prefix that is signed before time and body."""
    signs_time: bool = True
    time_optional: bool = False

    def check(self, request: SignedRequest, secrets: Iterable[str]) -> None:
        given = request.headers.get(self.header, "")
        if not given:
            raise NotAuthentic(
                f"The header {self.header} is missing. Is the secret set at the sender?"
            )
        signed = self._signed(request)
        # Some senders list several, one a secret, while a secret is being replaced.
        candidates = [
            each.strip().removeprefix(self.prefix).lower()
            for each in given.split(",")[:10]
            if each.strip().startswith(self.prefix)
        ]
        hashes = [hmac.new(key.encode(), signed, self.digest).hexdigest() for key in secrets]
        if not _any(candidates, hashes):
            raise NotAuthentic(
                f"The signature in {self.header} does not fit the body. Is the secret the same?"
            )

    def authenticated(self, request: SignedRequest, secret: str) -> SignedRequest:
        headers = dict(request.headers)
        if self.time_header:
            headers[self.time_header] = str(int(request.at.timestamp()))
        signed = self._signed(replace(request, headers=headers))
        headers[self.header] = self.prefix + sign(secret, signed, self.digest)
        return replace(request, headers=headers)

    def repeats_within(self, request: SignedRequest) -> float:
        """A signature without a time never ends: its body counts once, under whatever id.

        Ids are in headers, which nobody signs.
        """
        timed = self.time_header and self.signs_time and request.headers.get(self.time_header)
        return 0.0 if timed else FOREVER

    def _signed(self, request: SignedRequest) -> bytes:
        """The bytes that the sender signed. Raises NotAuthentic for another time."""
        if not self.time_header:
            return request.body
        given = request.headers.get(self.time_header, "")
        if not given and self.time_optional:
            return request.body
        try:
            at = float(given)
        except ValueError:
            raise NotAuthentic(f"The header {self.time_header} is missing or no time.") from None
        at = at / 1000 if at > 1e11 else at
        _require_recent(request, at, self.time_header)
        if not self.signs_time:
            return request.body
        return self.before.encode() + given.encode() + self.between.encode() + request.body


@dataclass(frozen=True)
class StandardWebhook:
    """The Standard Webhooks specification: id, time and body signed with a key in base 64."""

    id_header: str = "webhook-id"
    time_header: str = "webhook-timestamp"
    header: str = "webhook-signature"

    def is_used(self, request: SignedRequest) -> bool:
        """Whether the sender signed this way."""
        return self.header in request.headers

    def check(self, request: SignedRequest, secrets: Iterable[str]) -> None:
        named, given = request.headers.get(self.id_header, ""), request.headers.get(self.header, "")
        sent = request.headers.get(self.time_header, "")
        if not named or not (sent.isascii() and sent.isdigit()):
            raise NotAuthentic(f"The header {self.id_header} or {self.time_header} is missing.")
        _require_recent(request, int(sent), self.time_header)
        signed = f"{named}.{sent}.".encode() + request.body
        candidates = [
            each.removeprefix("v1,") for each in given.split(" ")[:10] if each.startswith("v1,")
        ]
        hashes = [
            base64.b64encode(hmac.digest(_standard_key(key), signed, "sha256")).decode()
            for key in secrets
        ]
        if not _any(candidates, hashes):
            raise NotAuthentic(
                f"The signature in {self.header} does not fit the body. Is the signing token the "
                "same?"
            )

    def repeats_within(self, request: SignedRequest) -> float:
        return 0.0


def _standard_key(secret: str) -> bytes:
    """The bytes of a key: base 64 after “whsec_”, or the text itself."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()


def sign(secret: str, body: bytes, digest: str = "sha256") -> str:
    """The hex HMAC of a body, as `Hmac` expects it."""
    return hmac.new(secret.encode(), body, getattr(hashlib, digest)).hexdigest()


SIGNATURE, TIME = "x-causebook-signature", "x-causebook-timestamp"
"""Headers of what Causebook itself sends."""


def signed_headers(body: bytes, secret: str | None) -> dict[str, str]:
    """The time of now, and with a secret the signature over it, a dot and the body."""
    now = str(int(time.time()))
    if secret is None:
        return {TIME: now}
    return {TIME: now, SIGNATURE: f"sha256={sign(secret, now.encode() + b'.' + body)}"}
