"""Settings of plug-ins: secrets are sealed, unchanged when left empty, required again when lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django import forms

from common.plugin_settings import (
    ADDRESS_CHANGED,
    ENTER_AGAIN,
    FORGET,
    STORED,
    PluginSettings,
)
from common.sealing import SealedSecrets, seal


class ExampleForm(forms.Form):
    secret_fields = ("secret", "token")
    url = forms.CharField()
    port = forms.IntegerField(initial=5432, required=False)
    most = forms.IntegerField(initial=10)
    secret = forms.CharField(widget=forms.PasswordInput)
    token = forms.CharField(required=False, help_text="Optional.")


@dataclass
class Record:
    pk: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    sealed: str = ""

    secrets: ClassVar[Any] = SealedSecrets.secrets


def stored(**secrets: str) -> Record:
    return Record(1, {"url": "http://a", "most": 5}, seal(secrets))


def save(record: Record, **entered: Any) -> forms.Form:
    plugin_settings = PluginSettings(ExampleForm, record)
    form = plugin_settings.page_form({"url": "http://a", "port": "5432", "most": "5", **entered})
    if form.is_valid():
        plugin_settings.apply(form)
    return form


def test_a_new_record_needs_its_required_secret() -> None:
    record = Record()
    assert "secret" in save(record).errors
    assert save(record, secret="hush").errors == {}
    assert record.settings == {"url": "http://a", "port": 5432, "most": 5}
    assert record.secrets == {"secret": "hush"}


def test_the_page_says_what_is_stored_and_shows_none_of_it() -> None:
    form = PluginSettings(ExampleForm, stored(secret="hush", token="quiet")).page_form()
    page = form.as_p()
    assert page.count(str(STORED)) == 2
    assert "hush" not in page
    assert "quiet" not in page


def test_a_secret_left_empty_stays_and_one_that_is_entered_replaces_it() -> None:
    record = stored(secret="hush", token="quiet")
    assert save(record, token="new").errors == {}
    assert record.secrets == {"secret": "hush", "token": "new"}


def test_a_secret_that_the_form_no_longer_has_is_dropped() -> None:
    record = stored(secret="hush", former="x")
    save(record)
    assert record.secrets == {"secret": "hush"}


def test_unreadable_secrets_are_to_be_entered_again(settings: Any) -> None:
    record = stored(secret="hush", token="quiet")
    settings.SECRET_KEY = "another"
    plugin_settings = PluginSettings(ExampleForm, record)
    assert plugin_settings.unreadable
    assert plugin_settings.page_form().as_p().count(str(ENTER_AGAIN)) == 2
    assert save(record).errors["secret"] == [ENTER_AGAIN]
    assert plugin_settings.api_form({"url": "http://a"}, {}).errors["secret"] == [ENTER_AGAIN]
    assert save(record, secret="new").errors == {}
    assert record.secrets == {"secret": "new"}


def test_unreadable_secrets_are_not_destroyed_while_none_is_entered(settings: Any) -> None:
    class OptionalForm(ExampleForm):
        secret = forms.CharField(required=False)

    record = stored(secret="hush")
    moved = stored(secret="hush")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    for each, url in ((record, "http://a"), (moved, "http://b")):
        plugin_settings = PluginSettings(OptionalForm, each)
        form = plugin_settings.page_form({"url": url, "port": "5432", "most": "6"})
        assert form.is_valid()
        plugin_settings.apply(form)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert record.settings["most"] == 6
    assert record.secrets == {"secret": "hush"}
    assert moved.secrets == {}, "the former key does not send it to another address"


def test_a_client_need_not_send_defaults_nor_what_is_stored() -> None:
    plugin_settings = PluginSettings(ExampleForm, stored(secret="hush"))
    form = plugin_settings.api_form({"url": "http://a"}, {"token": "new"})
    assert form.is_valid(), form.errors
    assert plugin_settings.values_of(form) == {
        "settings": {"url": "http://a", "port": 5432, "most": 10},
        "secrets": {"secret": "hush", "token": "new"},
    }


ELSEWHERE = [
    pytest.param({"url": "http://b"}, id="another host"),
    pytest.param({"url": "https://a"}, id="another scheme"),
    pytest.param({"url": "http://a:81"}, id="another port"),
    pytest.param({"port": "5433"}, id="a port of its own"),
]


@pytest.mark.parametrize("changed", ELSEWHERE)
def test_stored_secrets_are_not_sent_to_another_address(changed: dict[str, str]) -> None:
    record = stored(secret="hush", token="quiet")
    by_page = save(record, **changed).errors
    assert by_page == {"secret": [ADDRESS_CHANGED], "token": [ADDRESS_CHANGED]}
    by_api = PluginSettings(ExampleForm, record).api_form({"url": "http://a", **changed}, {})
    assert by_api.errors == by_page
    assert record.secrets == {"secret": "hush", "token": "quiet"}

    assert save(record, **changed, secret="new", **{FORGET: "on"}).errors == {}
    assert record.secrets == {"secret": "new"}
    assert FORGET not in record.settings

    plugin_settings = PluginSettings(ExampleForm, stored(secret="hush", token="quiet"))
    entered = {"secret": "new", "token": ""}
    form = plugin_settings.api_form({"url": "http://a", **changed}, entered)
    assert form.errors == {}
    assert plugin_settings.values_of(form)["secrets"] == {"secret": "new"}


def test_optional_secrets_can_be_forgotten_and_required_ones_not() -> None:
    record = stored(secret="hush", token="quiet")
    assert save(record, **{FORGET: "on"}).errors == {}
    assert record.secrets == {"secret": "hush"}
    assert (
        "secret"
        in PluginSettings(ExampleForm, record).api_form({"url": "http://a"}, {"secret": ""}).errors
    )
