"""SAML: a signed answer to a request of ours signs in; others do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from people.models import GroupRule, RoleGrant
from tests.accounts import saml_provider

pytestmark = pytest.mark.django_db
ATTRIBUTES = {"email": ["ada@example.com"], "username": ["ada"], "groups": ["sre", "all"]}
Answer = Callable[..., Client]


@pytest.fixture(scope="module")
def signing() -> tuple[str, str]:
    return saml_provider.key_and_certificate()


@pytest.fixture
def come(signing: tuple[str, str], settings: Any, tmp_path: Path) -> Answer:
    """A browser in which somebody comes back from the identity provider."""
    cache.clear()
    metadata = tmp_path / "metadata.xml"
    metadata.write_text(saml_provider.metadata(signing[1]))
    settings.SOCIALACCOUNT_PROVIDERS = saml_provider.configured(metadata)
    settings.SIGN_UP_DOMAINS = ["example.com"]

    def answer(
        key: str = signing[0], asked: dict[str, str] | None = None, **changed: Any
    ) -> Client:
        browser = Client()
        page = browser.post(reverse("saml_login", args=["main"]))
        sent = saml_provider.request_of(page.context["target"])
        response = saml_provider.response(
            asked or sent,
            "ada-1",
            ATTRIBUTES,
            key,
            changed.pop("certificate", signing[1]),
            **changed,
        )
        # It comes from another site, so without the cookie of the session at first.
        posted = Client().post(reverse("saml_acs", args=["main"]), {"SAMLResponse": response})
        browser.cookies.update(posted.cookies)
        browser.get(posted.headers["Location"], follow=True)
        return browser

    return answer


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_a_signed_answer_signs_in_with_the_roles_of_its_groups(come: Answer) -> None:
    GroupRule.objects.create(provider="saml", group="sre", role="responder")
    assert is_signed_in(come())
    ada = User.objects.get()
    assert (ada.username, ada.email) == ("ada", "ada@example.com")
    assert RoleGrant.objects.get(user=ada).role == "responder"
    assert is_signed_in(come())
    assert User.objects.count() == 1


REFUSED: dict[str, dict[str, Any]] = {
    "without signature": {"key": ""},
    "changed after signing": {"tamper": lambda text: text.replace("ada@example", "eve@example")},
    "for another site": {"audience": "https://other.example.com"},
    "expired": {"expires": "2020-01-01T00:00:00Z"},
    "to a request of somebody else": {
        "asked": {"id": "_never", "issuer": "http://testserver/sign-in/saml/main/metadata/",
                  "acs": "http://testserver/sign-in/saml/main/acs/"},
    },
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_an_answer_is_refused(why: str, come: Answer) -> None:
    assert not is_signed_in(come(**REFUSED[why]))
    assert not User.objects.exists()


def test_the_signature_of_another_key_is_refused(come: Answer) -> None:
    key, certificate = saml_provider.key_and_certificate()
    assert not is_signed_in(come(key=key, certificate=certificate))


def test_the_product_describes_itself_to_the_identity_provider(come: Answer) -> None:
    page = Client().get(reverse("saml_metadata", args=["main"]))
    assert page.status_code == 200
    assert "/sign-in/saml/main/acs/" in page.content.decode()
