"""Messages by Web Push: what only the subscribed browser reads, and where they may be sent."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from common import web_push
from common.web_push import Recipient
from tests.push_browser import CURVE, PushBrowser, decoded


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decoded(text), "big"), CURVE)


def test_the_example_of_rfc_8291_comes_out_as_written_there() -> None:
    recipient = Recipient(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    body = web_push.encrypt(
        b"When I grow up, I want to be a watermelon",
        recipient,
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
        sender=private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    )
    assert body == decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc"
        "InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGN"
        "WQexSgSxsj_Qulcy4a-fN"
    )


def test_the_longest_message_fits_into_a_record_and_no_longer_one_is_sent() -> None:
    browser = PushBrowser()
    longest = b"x" * web_push.MOST_BYTES
    body = web_push.encrypt(longest, browser.recipient)
    assert len(body) == 4096
    assert browser.read(body) == longest
    with pytest.raises(ValueError, match="bytes"):
        web_push.encrypt(longest + b"x", browser.recipient)


def test_no_other_browser_reads_a_message() -> None:
    body = web_push.encrypt(b"INC-1", PushBrowser().recipient)
    with pytest.raises(Exception):  # noqa: B017, PT011  (whatever the cipher raises)
        PushBrowser().read(body)


@pytest.mark.parametrize(
    "address",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QGuQ",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYA",
    ],
)
def test_the_push_services_of_browsers_are_known(address: str) -> None:
    assert web_push.service_of(address) in address


@pytest.mark.parametrize(
    "address",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://fcm.googleapis.com@10.0.0.1/fcm",
        "https://user@fcm.googleapis.com/",
        "https://fcm.googleapis.com.example.com/",
        "https://evil-push.apple.com.example.com/",
        "https://notify.windows.com.evil.example/",
        "https://xpush.apple.com/",
        "https://169.254.169.254/latest/",
        "https://localhost/",
        "https://ｆcm.googleapis.com/",
        "file:///etc/passwd",
        "//fcm.googleapis.com/",
        "https://[::1/",
        "",
        "https://fcm.googleapis.com/" + "x" * 2000,
    ],
)
def test_no_other_address_is_a_push_service(address: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (each says its own)
        web_push.service_of(address)


def test_a_service_of_ones_own_is_allowed_by_its_whole_name() -> None:
    own = frozenset({"push.example.com"})
    assert web_push.service_of("https://push.example.com/1", own) == "push.example.com"
    with pytest.raises(ValueError, match="PUSH_SERVICES"):
        web_push.service_of("https://a.push.example.com/1", own)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", "BTBZMqHH6r4Tts7J_aSIgg"), ("BAAA", "BTBZMqHH6r4Tts7J_aSIgg"), ("?", "?"), (None, "AA")],
)
def test_keys_that_no_browser_makes_are_refused(p256dh: str | None, auth: str) -> None:
    good = PushBrowser().recipient
    with pytest.raises(ValueError):  # noqa: PT011  (also of the library)
        web_push.check_keys(
            Recipient(good.endpoint, good.p256dh if p256dh is None else p256dh, auth)
        )
