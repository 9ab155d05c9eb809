"""Signing in with a real browser: passwords, passkeys, OpenID Connect and SAML."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from oidc_provider_mock import app as provider_app
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from accounts.sign_in import first_password
from people.models import GroupRule, RoleGrant
from tests.accounts import saml_provider

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
PASSWORD, NEW = "pass-for-tests", "quiet-otters-swim-at-nine"
SIZES = {"wide": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(autouse=True)
def no_attempts_yet() -> None:
    cache.clear()


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Page:
    # Browsers have passkeys for `localhost`, not for an address.
    address = live_server.url.replace("127.0.0.1", "localhost")
    page = browser.new_context(base_url=address).new_page()
    page.on("console", lambda message: errors.append(message.text)
            if "Content Security Policy" in message.text else None)  # fmt: skip
    errors.clear()
    return page


errors: list[str] = []
"""What the browser said of the Content-Security-Policy."""


def check(page: Page, name: str) -> None:
    """Nobody is kept from using this page, in either size; pictures go where the caller wants."""
    for size, pixels in SIZES.items():
        page.set_viewport_size(pixels)  # type: ignore[arg-type]
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name} {size}: {found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than a {size}"
        if folder := os.environ.get("CAUSEBOOK_TEST_PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}-{size}.png", full_page=True)
    assert errors == [], name


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_the_first_password_is_changed_and_a_forgotten_one_reset_by_mail(
    page: Page, settings: Any, tmp_path: Path, live_server: Any
) -> None:
    settings.DATA_DIR, settings.PUBLIC_URL = tmp_path, live_server.url
    (tmp_path / "first-password").write_text(PASSWORD)
    admin = User.objects.create_superuser("admin", "admin@example.com", PASSWORD)
    first_password.require_change(admin)
    page.goto("/sign-in/")
    check(page, "sign-in")
    sign_in(page, "admin", "wrong")
    expect(page.get_by_role("alert").first).to_contain_text("No account has this")
    check(page, "sign-in-wrong")
    sign_in(page, "admin")
    expect(page.get_by_text("generated for you")).to_be_visible()
    page.goto("/new/")
    check(page, "password-change")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password again").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    assert not (tmp_path / "first-password").exists()
    check(page, "account")
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_role("link", name="Forgotten password").click()
    check(page, "forgotten")
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("is on its way")).to_be_visible()
    check(page, "forgotten-sent")
    link = re.search(r"http://\S+", str(mail.outbox[0].body))
    assert link
    page.goto(link[0])
    check(page, "password-new")
    for label in ("New Password", "New Password (again)"):
        page.get_by_label(label, exact=True).fill(NEW + "!")
    page.get_by_role("button", name="Save").click()
    sign_in(page, "admin", NEW + "!")
    expect(page.get_by_role("link", name="File incident")).to_be_visible()


def test_a_required_passkey_is_added_and_signs_in_alone(
    page: Page, user: User, settings: Any
) -> None:
    settings.REQUIRE_SECOND_FACTOR = "all"
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, "oncall")
    expect(page.get_by_text("A second factor is required")).to_be_visible()
    check(page, "account-forced")
    page.goto("/account/app/")
    check(page, "app")
    page.goto("/account/passkeys/new/")
    check(page, "passkey")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    check(page, "codes")
    page.goto("/")
    expect(page.get_by_role("link", name="File incident")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "oncall")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    check(page, "second-factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="File incident")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="File incident")).to_be_visible()
    page.goto("/account/")
    check(page, "account-passkey")


@pytest.fixture
def provider(settings: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, provider_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    app = {"provider_id": "oidc", "name": "Example", "client_id": "causebook", "secret": "s",
           "settings": {"server_url": address, "oauth_pkce_enabled": True}}  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}, "saml": {"APPS": []}}
    yield address
    server.shutdown()


def test_single_sign_on_leads_to_the_provider_and_back(
    page: Page, provider: str, settings: Any
) -> None:
    GroupRule.objects.create(provider="oidc", group="sre", role="manager")
    ada = {"email": "ada@example.com", "email_verified": True, "preferred_username": "ada",
           "groups": ["sre"]}  # fmt: skip
    httpx.put(f"{provider}/users/ada-1", json=ada, trust_env=False).raise_for_status()

    def come() -> None:
        page.goto("/sign-in/")
        page.get_by_role("button", name="Sign in with Example").click()
        page.wait_for_url(f"{provider}/**")
        page.locator("input[name=sub]").fill("ada-1")
        page.get_by_role("button", name="Authorize", exact=True).click()

    come()
    expect(page.get_by_text("there is no account for you here")).to_be_visible()
    check(page, "no-account")
    settings.SIGN_UP_DOMAINS = ["example.com"]
    page.goto("/sign-in/")
    check(page, "sign-in-single")
    come()
    expect(page.get_by_role("link", name="File incident")).to_be_visible()
    assert RoleGrant.objects.get(user__username="ada").role == "manager"


@pytest.fixture
def saml(settings: Any, tmp_path: Path) -> Iterator[str]:
    """An identity provider on another site; its page has a button that posts the answer back."""
    key, certificate = saml_provider.key_and_certificate()
    attributes = {"email": ["ada@example.com"], "username": ["ada"], "groups": ["sre"]}

    @Request.application
    def provider(request: Request) -> Response:
        asked = saml_provider.request_of(request.url)
        answer = saml_provider.response(asked, "ada-1", attributes, key, certificate)
        return Response(
            f"""<form method="post" action="{asked["acs"]}">
            <input type="hidden" name="SAMLResponse" value="{answer}">
            <input type="hidden" name="RelayState" value="{request.args.get("RelayState", "")}">
            <button>Continue as Ada</button></form>""",
            mimetype="text/html",
        )

    server = make_server("127.0.0.1", 0, provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    metadata = tmp_path / "metadata.xml"
    metadata.write_text(saml_provider.metadata(certificate, sso=f"{address}/sso"))
    settings.SOCIALACCOUNT_PROVIDERS = saml_provider.configured(metadata)
    yield address
    server.shutdown()


def test_saml_leads_to_the_identity_provider_and_back_from_another_site(
    page: Page, saml: str, settings: Any
) -> None:
    GroupRule.objects.create(provider="saml", group="sre", role="responder")
    settings.SIGN_UP_DOMAINS = ["example.com"]
    page.goto("/sign-in/")
    check(page, "sign-in-saml")
    page.get_by_role("button", name="Sign in with Example").click()
    page.wait_for_url(f"{saml}/sso**")
    page.get_by_role("button", name="Continue as Ada").click()
    expect(page.get_by_role("link", name="File incident")).to_be_visible()
    assert RoleGrant.objects.get(user__username="ada").role == "responder"
    page.reload()
    expect(page.get_by_role("link", name="File incident")).to_be_visible()
