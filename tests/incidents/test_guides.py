"""The guides of senders as pages: complete, filled in, and no way to any other file."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from incidents import guides
from tests.incidents.signed_requests import KINDS, make

pytestmark = pytest.mark.django_db
ADDRESS = "https://kb.shop.example/hooks/abc/"


@pytest.mark.parametrize("kind", KINDS)
def test_every_sender_has_a_guide_and_a_sample(kind: str, web: Client) -> None:
    page = web.get(f"/guides/{kind}/").content.decode()
    assert "<h1>" in page
    answer = web.get(f"/guides/{kind}/sample/")
    assert answer.content == guides.sample_of(kind)
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{kind}.')


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"events_v2"}))
def test_address_and_secret_are_where_the_sender_needs_them(kind: str) -> None:
    filled = guides.filled_in(kind, ADDRESS, "s3cr3t-of-this-one")
    assert f'"{ADDRESS}' in filled
    assert "s3cr3t-of-this-one" in filled
    for left in ("/hooks/HOOK/", "/hooks/SLUG/", "$HOOK", "Bearer SECRET", "$SECRET", "@docs/"):
        assert left not in filled


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_secret_the_guide_says_what_to_put_there(kind: str) -> None:
    filled = guides.filled_in(kind, ADDRESS)
    if "SECRET" in filled:
        assert "the secret in `SECRET`" in filled


def test_links_lead_to_other_guides_and_to_nothing_else(web: Client) -> None:
    page = web.get("/guides/").content.decode()
    assert 'href="/guides/alertmanager/"' in page
    for kind in ["", *KINDS]:
        page = web.get(f"/guides/{kind}/" if kind else "/guides/").content.decode()
        article = page.partition("<article")[2].partition("</article>")[0]
        for target in re.findall(r'href="([^"]*)"', article):
            assert not target.endswith(".md"), (kind, target)
            if target.startswith("/"):
                assert web.get(target).status_code == 200, (kind, target)


@pytest.mark.parametrize(
    "name", ["README", "..", "../../README", "%2e%2e%2fREADME", "nothing", "samples", "gatus.md"]
)
def test_no_other_file_can_be_read(name: str, web: Client) -> None:
    assert web.get(f"/guides/{name}/").status_code == 404
    assert web.get(f"/guides/{name}/sample/").status_code == 404
    assert guides.sample_of(name) == b""
    assert guides.guide_of(name) == "" or name == guides.OVERVIEW


def test_the_page_of_an_integration_has_its_guide_with_the_secret_only_once(
    admin_client: Client,
) -> None:
    form = {"name": "prod", "enabled": "on"}
    made = admin_client.post("/integrations/new/alertmanager/", form).content.decode()
    secret = re.search(r"shown this once</h2>\s*<p[^>]*>\s*<code>([^<]+)<", made)
    assert secret
    assert f"credentials: {secret[1]}" in made
    assert re.search(r"url: http://testserver/hooks/[\w-]+/", made)
    integration, _ = make("gatus")
    later = admin_client.get(integration.get_absolute_url()).content.decode()
    assert "Bearer ${HOOK_SECRET}" in later


def test_guides_are_in_the_image() -> None:
    ignored = (guides.FOLDER.parents[1] / ".dockerignore").read_text().splitlines()
    assert "docs" not in ignored
    assert "!docs/integrations" in ignored
