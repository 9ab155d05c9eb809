"""What everything shares that talks to GitHub, or GitHub Enterprise: settings and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _

from kb.remote_api import JsonApi

PUBLIC = "https://api.github.com"


class GitHubFields(forms.Form):
    url = forms.URLField(
        label=_("Address of the API"),
        initial=PUBLIC,
        max_length=300,
        assume_scheme="https",
        help_text=_("https://github.example.com/api/v3 for GitHub Enterprise Server."),
    )
    repository = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$",
        label=_("Repository"),
        help_text=_("Such as example/shop."),
    )


def github_api(settings: Mapping[str, Any], **options: Any) -> JsonApi:
    """The API of these settings; `options` are those of JsonApi."""
    headers = {
        "Authorization": f"Bearer {settings['token']}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return JsonApi(settings["url"], headers, **options)


def read_repository(api: JsonApi, name: str) -> Any:
    """What GitHub has of a repository. Raises RemoteError with the cure where there is none."""
    data = api.get_existing(
        f"/repos/{name}",
        f"repository {name}, or the token may not see it. Check the name in the {api.noun}'s "
        "settings, and which repositories the token is for.",
    )
    if not isinstance(data, dict):
        raise api.odd()
    return data


def web_address_of(api: str) -> str:
    """Where the pages are that belong to an API."""
    parts = urlsplit(api)
    if parts.netloc.lower() == urlsplit(PUBLIC).netloc:
        return "https://github.com"
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/api/v3')}"
