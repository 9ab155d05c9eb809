"""JSON in the body of a request, whatever the sender wraps it in."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.payloads import BadPayload
from common.request_bodies import json_of_request

SAID = {"action": "Grüße & more", "list": [1, 2]}
TEXT = json.dumps(SAID)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
BOUNDARY = "--------------------------042"
PARTS = f"multipart/form-data; boundary={BOUNDARY}"


def parts(name: str, value: str, boundary: str = BOUNDARY) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    return f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(TEXT.encode(), JSON, id="JSON"),
        pytest.param(TEXT.encode(), "", id="JSON without a type"),
        pytest.param(TEXT.encode(), FORM, id="curl -d with JSON"),
        pytest.param(f"\n {TEXT}".encode(), f"{FORM}; charset=utf-8", id="curl, with white space"),
        pytest.param(urlencode({"payload": TEXT}).encode(), FORM, id="GitHub's default"),
        pytest.param(urlencode({"payload": TEXT}).encode(), "Application/X-WWW-Form-Urlencoded",
                     id="in capitals"),
        pytest.param(urlencode({"a": "b", "payload": TEXT}).encode(), FORM, id="beside others"),
        pytest.param(urlencode({"data": TEXT}).encode(), FORM, id="in data"),
        pytest.param(parts("data", TEXT), PARTS, id="Uptime Kuma's form-data"),
        pytest.param(parts("payload", TEXT), PARTS, id="parts with payload"),
        pytest.param(parts("data", TEXT, "b"), 'multipart/form-data; boundary="b"', id="quoted"),
    ],
)  # fmt: skip
def test_the_json_is_found(body: bytes, content_type: str) -> None:
    assert json_of_request(body, content_type) == SAID


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", JSON, "not JSON"),
        (b"", FORM, "form without a field “payload”. Let the sender use application/json"),
        (b"a=b", FORM, "form without a field “payload”"),
        (b"payload=hello", FORM, "not JSON"),
        (b"payload=" + b"%5B" * 100_000, FORM, "not JSON"),
        (b"&".join(b"a%d=1" % n for n in range(500)), FORM, "too many fields"),
        (parts("other", TEXT), PARTS, "form without a field “payload”"),
        (parts("data", TEXT)[:40], PARTS, "form"),
        (parts("data", TEXT), "multipart/form-data", "no form of many parts"),
        (b"hello", "text/plain", "not JSON"),
    ],
)
def test_what_has_none_is_refused_with_a_reason(
    body: bytes, content_type: str, reason: str
) -> None:
    with pytest.raises(BadPayload, match=reason):
        json_of_request(body, content_type)


@given(
    st.binary(max_size=300),
    st.sampled_from([FORM, PARTS, JSON, "multipart/form-data; boundary="]),
)
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str) -> None:
    inside = parts("data", "").replace(b"\r\n\r\n", b"\r\n\r\n" + body)
    for each in (body, b"payload=" + body, inside):
        with suppress(BadPayload):
            json_of_request(each, content_type)
