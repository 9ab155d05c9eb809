"""Security headers: of every address, for everybody, whatever the answer is."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.catalogue.badge_keys import badge_path
from incidents.models import Incident, Service
from incidents.web import incident_list
from tests.addresses import address_of, routes

pytestmark = pytest.mark.django_db
METHODS = ("get", "post")
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def problems(response: Any) -> list[str]:
    headers = response.headers
    found = [name for name, value in EXPECTED.items() if headers.get(name) != value]
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        found.append("Permissions-Policy")
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        found.append("Content-Security-Policy")
    if "unsafe-inline" in policy or "unsafe-eval" in policy:
        found.append("Content-Security-Policy allows inline")
    if "no-store" not in headers.get("Cache-Control", ""):
        found.append(f"Cache-Control {headers.get('Cache-Control')}")
    return found


def test_every_address_has_every_header_for_everybody(
    incident: Incident, admin_user: User, django_user_model: Any
) -> None:
    nobody, admin = Client(raise_request_exception=False), Client(raise_request_exception=False)
    admin.force_login(admin_user)
    wrong, statuses = [], set()
    known = (route for route, _ in routes() if "format" not in route)
    addresses = sorted({address_of(route, incident.pk) for route in known})
    for address in [*addresses, "/no/such/page", "/INC-999999/"]:
        for client in (nobody, admin):
            for method in METHODS if client is nobody else ("get",):
                response = getattr(client, method)(address)
                statuses.add(response.status_code)
                wrong += [f"{method} {address} {response.status_code}: {each}"
                          for each in problems(response)]  # fmt: skip
                if response.streaming:
                    list(response)  # It ends soon, and then gives its place back.
        if "_auth_user_id" not in admin.session:
            admin.force_login(admin_user)
    viewer = Client()
    viewer.force_login(django_user_model.objects.create_user("viewer"))
    for address in ("/people/", "/new/", "/api/v1/sources/"):
        response = viewer.get(address)
        statuses.add(response.status_code)
        wrong += [f"{address} {response.status_code}: {each}" for each in problems(response)]
    assert 500 not in statuses
    assert not wrong, "\n".join(wrong[:20])
    assert len(addresses) > 150
    assert {200, 302, 403, 404, 405} <= statuses


def test_errors_have_them_too(
    web: Client, user: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    bad_host = web.get("/", headers={"host": "evil.example"})
    csrf = Client(enforce_csrf_checks=True)
    csrf.force_login(user)
    forbidden = csrf.post("/new/", {"title": "x"})
    monkeypatch.setattr(incident_list, "render", fail)
    web.raise_request_exception = False
    broken = web.get("/")
    for response, status in ((bad_host, 400), (forbidden, 403), (broken, 500)):
        assert (response.status_code, problems(response)) == (status, [])


def test_static_files_may_be_cached_and_have_the_rest(client: Client) -> None:
    response = client.get("/static/causebook/base.css")
    assert response.status_code == 200
    assert [each for each in problems(response) if not each.startswith("Cache-Control")] == []
    assert "max-age" in response["Cache-Control"]


def test_https_is_remembered_once_the_site_has_it(client: Client, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 3600 * 24 * 30
    response = client.get("/sign-in/", secure=True)
    assert response["Strict-Transport-Security"].startswith("max-age=2592000")


def test_a_badge_may_be_shown_by_pages_of_others(client: Client, database: Service) -> None:
    response = client.get(badge_path(database))
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Cache-Control"] == "max-age=60"
    assert "default-src 'none'" in response["Content-Security-Policy"]
