"""Pictures that are broken, or decode to gigabytes, are refused with a sentence."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ValidationError

from kb.exporters import registry
from kb.models import Picture, Postmortem
from kb.postmortems.editing import store_image
from kb.postmortems.picture_files import checked_kind
from tests.pictures import png

pytestmark = pytest.mark.django_db


GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
GIF += b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(png(60_000, 60_000, b""), "60,000 × 60,000 pixels", id="png-header"),
        pytest.param(png(12_000, 12_000), "Make it smaller", id="png-of-small-bytes"),
        pytest.param(b"GIF89a\xff\xff\xff\xff" + b"\0" * 20, "65,535 × 65,535", id="gif"),
        pytest.param(JPEG + b"\xff\xff\xff\xff\x03", "65,535 × 65,535", id="jpeg"),
        pytest.param(b"RIFF....WEBPVP8X" + b"\0" * 8 + b"\xff" * 6, "16,777,216", id="webp"),
        pytest.param(png(10, 10, b"junk"), "broken", id="broken-png"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"junk" * 9, "pixels|broken", id="junk-png"),
        pytest.param(GIF[:20], "broken", id="half-gif"),
        pytest.param(b"\xff\xd8\xff" + b"\xff" * 100, "broken", id="jpeg-of-ff"),
        pytest.param(b"RIFF....WEBPjunk", "broken", id="junk-webp"),
        pytest.param(b"<svg onload='x'/>", "Paste a PNG", id="svg"),
        pytest.param(b"", "Paste a PNG", id="nothing"),
        pytest.param(png(8, 8) + b"x" * 3_000_000, "up to 2 MB", id="too-long"),
    ],
)
def test_such_a_picture_is_refused_at_once(postmortem: Postmortem, body: bytes, why: str) -> None:
    begun = time.thread_time()
    with pytest.raises(ValidationError, match=why) as refused:
        store_image(postmortem, body)
    assert list(refused.value.message_dict) == ["picture"]
    assert time.thread_time() - begun < 2
    assert not Picture.objects.exists()


@pytest.mark.parametrize(("body", "kind"), [(png(300, 200), "png"), (GIF, "gif")])
def test_a_whole_picture_is_stored(postmortem: Postmortem, body: bytes, kind: str) -> None:
    assert checked_kind(body) == f"image/{kind}"
    assert store_image(postmortem, body).content_type == f"image/{kind}"


def test_a_broken_picture_of_before_is_left_out_of_the_pdf(postmortem: Postmortem) -> None:
    broken = Picture.objects.create(
        postmortem=postmortem, content_type="image/png", body=png(10, 10, b"junk")
    )
    postmortem.body = f"![a]({broken.get_absolute_url()}) " * 3
    assert registry()["pdf"]().export(postmortem, postmortem.author)[:5] == b"%PDF-"
