"""A page with every colour, size and component, in light and dark; served with DEBUG only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from incidents.models import Service

THEMES = ("light", "dark")
SHOWN_BY = {
    "text": "font-size",
    "space": "width",
    "radius": "border-radius",
    "shadow": "box-shadow",
    "font": "font-family",
    "bold": "font-weight",
}
"""The CSS property that makes a token visible, by how its name begins; others are colours."""


@dataclass(frozen=True)
class Token:
    name: str
    value: str

    @property
    def kind(self) -> str:
        found = re.match(r"--(text(?=-)|space|radius|shadow|font|bold)", self.name)
        return found[1] if found else "colour"

    @property
    def shown_by(self) -> str:
        return SHOWN_BY.get(self.kind, "background")


class ExampleForm(forms.Form):
    """One field of each sort; its last one is wrong on purpose."""

    text = forms.CharField(help_text="Help is shown below a field.")
    choice = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")], required=False)
    several = forms.MultipleChoiceField(choices=[("a", "First"), ("b", "Second")], required=False)
    tick = forms.BooleanField(label="Enabled", required=False)
    long_text = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    wrong = forms.IntegerField(min_value=10)

    def clean(self) -> None:
        self.add_error(None, "An error of the whole form.")


class ExampleChecks(forms.Form):
    checks = forms.MultipleChoiceField(
        choices=[("a", "One"), ("b", "Two")], widget=forms.CheckboxSelectMultiple
    )


class ExampleImport(forms.Form):
    content = forms.CharField(label="A file's text", widget=forms.Textarea(attrs={"rows": 2}))


def read_tokens() -> list[Token]:
    """The custom properties of tokens.css, in its order."""
    text = Path(settings.BASE_DIR, "static/causebook/tokens.css").read_text()
    return [Token(*found) for found in re.findall(r"^[ \t]+(--[\w-]+): (.+);$", text, re.MULTILINE)]


def _examples(theme: str) -> dict[str, Any]:
    """What the components are given; they are the same in every theme but for the ids of fields."""
    at = datetime(2026, 3, 1, 2, 57, tzinfo=UTC)
    version = {"history_date": at, "get_history_type_display": "Changed", "history_user": "anna"}
    return {
        "theme": theme,
        "form": ExampleForm({"text": "Words", "wrong": "3"}, auto_id=f"{theme}_%s"),
        "checks": ExampleChecks(auto_id=f"{theme}_%s")["checks"],
        "import_form": ExampleImport(auto_id=f"{theme}_%s"),
        "report": {"new": ["orders"], "changed": [], "same": 3, "skipped": [("line 4", "no name")]},
        "page": Paginator(range(120), 50).page(2),
        "history": [version],
        "services": [Service(pk=1, name="orders"), Service(pk=2, name="mailer")],
        "choices": [("a", "First"), ("b", "Second")],
        "severities": ("SEV1", "SEV2", "SEV3", "SEV4"),
        "incidents": [
            {"status": status, "get_status_display": status.capitalize()}
            for status in ("investigating", "mitigated", "resolved")
        ],
        "tiers": ("core", "normal", "supplementary"),
        "jobs": [
            {"state": state, "get_state_display": state.capitalize()}
            for state in ("waiting", "done", "failed")
        ],
        "change": {"outcome": "failed", "get_outcome_display": "Failed"},
        "shades": range(12),
        "undo": {"address": "#main", "fields": {"severity": "SEV1"}},
    }


@login_not_required
def show(request: HttpRequest) -> HttpResponse:
    tokens = read_tokens()
    context = {
        "tokens": tokens,
        "kinds": list(dict.fromkeys(token.kind for token in tokens)),
        "themes": [_examples(theme) for theme in THEMES],
    }
    return render(request, "styleguide/index.html", context)
