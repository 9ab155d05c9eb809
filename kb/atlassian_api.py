"""What everything shares that talks to Jira or Confluence: who it is, on Cloud and Data Center."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from kb.remote_api import JsonApi, RemoteError


class JiraFields(forms.Form):
    url = forms.URLField(
        label=_("Address"),
        max_length=300,
        assume_scheme="https",
        help_text=_("Such as https://example.atlassian.net"),
    )
    email = forms.EmailField(
        label=_("E-mail of the account"),
        required=False,
        help_text=_("For Cloud. Empty for Data Center, where the token says who it is."),
    )


class ConfluenceFields(JiraFields):
    url = forms.URLField(
        label=_("Address"),
        max_length=300,
        assume_scheme="https",
        help_text=_("https://example.atlassian.net/wiki for Cloud, of Data Center the base URL."),
    )
    space = forms.RegexField(
        r"^[A-Za-z0-9_~.-]{1,200}$", label=_("Key of the space"), help_text=_("Such as OPS.")
    )


def is_cloud(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("email"))


def atlassian_api(settings: Mapping[str, Any], **options: Any) -> JsonApi:
    """The API of these settings; `options` are those of JsonApi."""
    email, token = settings.get("email"), settings["token"]
    headers = {} if email else {"Authorization": f"Bearer {token}"}
    return JsonApi(settings["url"], headers, (email, token) if email else None, **options)


def read_space(api: JsonApi, settings: Mapping[str, Any]) -> Any:
    """What Confluence has of the space: id and name. Raises RemoteError with the cure.

    Version 2 of the API on Cloud, which has no version 1 of it any more; version 1 on Data Center.
    """
    key = settings["space"]
    missing = (
        f"space {key}, or the account may not see it. Check the key of the space in the "
        f"{api.noun}'s settings."
    )
    if not is_cloud(settings):
        return api.get_existing(f"/rest/api/space/{key}", missing)
    found = dig(api.get("/api/v2/spaces", {"keys": key}), "results.0")
    if text(found, "key") != key:
        raise RemoteError(f"{api.host} has no {missing}", of_all=True)
    return found
