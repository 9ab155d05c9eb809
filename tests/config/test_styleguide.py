"""The style guide: for those who work on the product, with DEBUG only."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches

from config import styleguide, urls
from tests.test_templates import TEMPLATES

OF_EVERY_PAGE = {"htmx_config", "keys_dialog", "nav_link", "palette", "site_header", "user_menu"}
OF_RECORDS = {"record_form", "audit_link", "toast_of_part", "editor_texts"}
"""They need a record or an act, and are made of components that are shown."""


@pytest.fixture
def page(client: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, *urls.debug_urls(True)])
    clear_url_caches()
    yield client.get("/styleguide/")
    clear_url_caches()


def test_it_does_not_exist_without_debug(client: Client) -> None:
    assert client.get("/styleguide/").status_code == 404


def test_it_shows_every_token_in_both_themes(page: Any) -> None:
    html = page.content.decode()
    assert page.status_code == 200
    tokens = styleguide.read_tokens()
    assert len(tokens) > 40
    for token in tokens:
        assert html.count(f"<code>{token.name}</code>") == 2
    assert 'data-theme="light"' in html
    assert 'data-theme="dark"' in html


def test_its_own_styles_pass_the_content_security_policy(page: Any) -> None:
    nonce = re.search(r'<style nonce="([\w+/=-]+)">', page.content.decode())
    assert nonce
    assert f"'nonce-{nonce[1]}'" in page.headers["Content-Security-Policy"]


def test_every_component_is_shown(page: Any) -> None:
    rendered = {template.name for template in page.templates}
    components = {name for name in TEMPLATES if name.startswith("components/")}
    of_every_page = {f"components/{name}.html" for name in OF_EVERY_PAGE | OF_RECORDS}
    assert components - of_every_page - rendered == set()


def test_no_id_occurs_twice_in_it(page: Any) -> None:
    ids = Counter(re.findall(r'\bid="([^"]*)"', page.content.decode()))
    assert [name for name, count in ids.items() if count > 1] == []
