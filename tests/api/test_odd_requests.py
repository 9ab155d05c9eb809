"""Requests that no browser sends: each gets a 4xx with a sentence, and soon."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from config.wsgi import application
from incidents.models import Delivery, Incident, Service
from incidents.tokens import create_token
from tests.incidents.signed_requests import make, request_for, sample

pytestmark = pytest.mark.django_db
CODECS = ("zlib", "bz2", "hex", "rot13", "utf-7", "utf-16", "nonsense", "x" * 300, "")


@pytest.fixture
def page(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def served(path: str, body: bytes, kind: str, **more: str) -> tuple[int, str]:
    """Status and text of the answer of the whole application, as a web server calls it."""
    status: list[str] = []
    environ = RequestFactory().generic("POST", path, body).environ | {"CONTENT_TYPE": kind} | more
    request_started.disconnect(close_old_connections)  # The test's own connection stays open.
    try:
        answer = application(environ, lambda line, headers: status.append(line))
    finally:
        request_started.connect(close_old_connections)
    text = b"".join(answer).decode()
    return int(status[0][:3]), text


@pytest.mark.parametrize("charset", CODECS)
def test_only_utf_8_is_read(user: User, charset: str) -> None:
    token = {"HTTP_AUTHORIZATION": f"Bearer {create_token(user, 'x', 'file')[1]}"}
    bomb = zlib.compress(b'{"title": "' + b"a" * 100_000 + b'"}')
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        for named in (f"charset={charset}", f"boundary=a; charset*=utf-8''{charset}"):
            for path in ("/api/v1/incidents/?x=1", "/new/?x=1"):
                status, text = served(path, bomb, f"{kind}; {named}", **token)
                assert (status, "UTF-8" in text) == (415, True), (path, kind, named)
    assert not Incident.objects.exists()


def test_a_sender_of_alerts_may_name_whatever_charset(client: Client) -> None:
    integration, secret = make("alertmanager")
    path, body, headers = request_for(
        "alertmanager", integration.slug, secret, sample("alertmanager")
    )
    headers["Content-Type"] = "application/json; charset=ISO-8859-1"
    answer = client.post(path, body, headers.pop("Content-Type"), headers=headers)
    assert (answer.status_code, Delivery.objects.count()) == (202, 1)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
def test_packed_bodies_are_refused_with_the_cure(
    client: Client, api: APIClient, encoding: str
) -> None:
    integration, secret = make("alertmanager")
    path, body, headers = request_for(
        "alertmanager", integration.slug, secret, gzip.compress(sample("alertmanager"))
    )
    headers |= {"Content-Encoding": encoding}
    answers: list[Any] = [
        client.post(path, body, headers.pop("Content-Type"), headers=headers),
        api.post("/api/v1/incidents/", {"title": "x"}, headers={"Content-Encoding": encoding}),
    ]
    for answer in answers:
        assert answer.status_code == 415
        assert "without Content-Encoding" in answer.content.decode()
    assert not Delivery.objects.exists()
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        pytest.param({f"f{n}": "1" for n in range(1500)}, 400, "too many fields", id="fields"),
        pytest.param({"title": "w" * 6_000_000}, 413, "5 MB", id="size"),
        pytest.param(
            {f"f{n}": SimpleUploadedFile("a", b"a") for n in range(150)}, 400, "too many files",
            id="files",
        ),
    ],
)  # fmt: skip
def test_a_form_that_is_too_large_says_so(
    page: Client, data: dict[str, Any], status: int, words: str
) -> None:
    answer = page.post("/new/", data)
    assert answer.status_code == status
    assert words in answer.content.decode()


def test_a_query_of_thousands_of_parameters_is_refused(page: Client, api: APIClient) -> None:
    query = "&".join(f"f{n}=1" for n in range(3000))
    assert "too many fields" in page.get(f"/?{query}").content.decode()
    assert api.get(f"/api/v1/incidents/?{query}").status_code == 400


@pytest.mark.parametrize(
    "address", ["/hooks/a%00b/", "/chat/a%00/", "/practice/monthly/2026%00/", "/%00", "/x%00y/z/"]
)
def test_an_address_with_a_null_character_is_refused(page: Client, address: str) -> None:
    for answer in (page.get(address), page.post(address)):
        assert (answer.status_code, "null character" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize(
    "value", ["bytes=9-1", "bytes=abc", "bytes=-9999999999", "bytes=" + "0-0," * 2000, "x", ""]
)
def test_odd_ranges_do_no_harm(page: Client, value: str) -> None:
    for path in ("/static/app.css", "/"):
        assert page.get(path, headers={"Range": value}).status_code < 500


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("incidents/", {"title": "x", "services": ["orders-db"] * 5000}, "services"),
        ("incidents/", {"title": "x", "labels": {str(n): "" for n in range(2000)}}, "labels"),
        ("suggestions/", {"title": "x", "services": ["orders-db"] * 100_000}, "services"),
        ("services/", {"name": "new", "depends_on": ["orders-db"] * 5000}, "depends_on"),
    ],
)
def test_the_api_reads_no_endless_lists(
    api: APIClient, database: Service, path: str, body: dict[str, Any], name: str
) -> None:
    answer = api.post(f"/api/v1/{path}", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {name: ["At most 1,000 entries at once."]}


def test_one_request_imports_a_thousand_rows_at_most(admin_api: APIClient) -> None:
    body = {"source": "x", "rows": [{"id": "1"}] * 1001}
    answer = admin_api.post("/api/v1/incidents/import/", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {"rows": ["At most 1,000 entries at once."]}
    assert not Incident.objects.exists()


def test_the_api_reads_no_endless_body(api: APIClient) -> None:
    body = json.dumps({"title": "x", "symptom": "w" * 6_000_000})
    answer = api.generic("POST", "/api/v1/incidents/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["title"]) == (
        413, "It is too large: send up to 5 MB at once, files not counted.",
    )  # fmt: skip


def test_texts_without_a_limit_of_their_own_have_one(
    api: APIClient, admin_client: Client, database: Service
) -> None:
    long = "w" * 60_000
    answer = api.patch(f"/api/v1/services/{database.pk}/", {"description": long}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["description"])
    form = {
        "source_name": "m", "url": "https://metrics.example", "ca_certificate": "é", "token": long,
    }  # fmt: skip
    page = admin_client.post("/analysis/sources/new/prometheus/", form)
    assert page.status_code == 422
    text = page.content.decode()
    assert "This is not a PEM certificate." in text
    assert "at most 50000 characters" in text
