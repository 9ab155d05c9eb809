"""Forms of people, teams, rules and tokens."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.models import ApiToken
from people.models import GroupRule, Role, Team

ROLE_CHOICES = [(role.value, f"{role.label}: {role.summary}") for role in Role]


def team_field(empty: str, **options: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(Team.objects.all(), required=False, empty_label=empty, **options)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial=Role.RESPONDER)
    team = team_field(
        "Everywhere", label="For", help_text="With a team: only for what that team owns."
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail", max_length=254)
    role = forms.ChoiceField(
        choices=ROLE_CHOICES, initial=Role.RESPONDER, help_text="It counts everywhere."
    )
    team = team_field("No team", help_text="They become a member of it.")


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class GroupRuleForm(forms.ModelForm):
    class Meta:
        model = GroupRule
        fields = ["group", "provider", "role", "team"]
        labels = {"provider": "Sign-in"}
        help_texts = {
            "provider": "oidc, saml, ldap or proxy; empty: every one.",
            "role": "With a team: only for what that team owns.",
            "team": "Members of the group become members of this team.",
        }


class ServiceAccountForm(forms.Form):
    name = forms.CharField(max_length=150, help_text="What it is for: ci, grafana, status-page.")
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial=Role.VIEWER)
    team = team_field("Everywhere", label="For")


class ServiceTokenForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="Where it is used.")
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices)
    team = team_field("All", help_text="Only incidents of this team's services.")
    days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, initial=365,
        help_text="Days until it expires; empty: never, or what the server allows at most.",
    )  # fmt: skip
