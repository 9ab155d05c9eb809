"""Forms of people, teams, rules and tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.language import Text
from incidents.models import ApiToken
from people.models import GroupRule, Role, Team

ROLE_CHOICES = [(role.value, format_lazy("{}: {}", role.label, role.summary)) for role in Role]


def team_field(empty: Text, **options: Any) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(Team.objects.all(), required=False, empty_label=empty, **options)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, initial=Role.RESPONDER)
    team = team_field(
        _("Everywhere"),
        label=pgettext_lazy("team", "For"),
        help_text=_("With a team: only for what that team owns."),
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = forms.ChoiceField(
        label=_("Role"), choices=ROLE_CHOICES, initial=Role.RESPONDER,
        help_text=_("It counts everywhere."),
    )  # fmt: skip
    team = team_field(_("No team"), label=_("Team"), help_text=_("They become a member of it."))


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name", "description"]
        labels = {"name": _("Name"), "description": _("Description")}
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class GroupRuleForm(forms.ModelForm):
    class Meta:
        model = GroupRule
        fields = ["group", "provider", "role", "team"]
        labels = {
            "group": _("Group"), "provider": _("Sign-in"), "role": _("Role"), "team": _("Team"),
        }  # fmt: skip
        help_texts = {
            "provider": _("oidc, saml, ldap or proxy; empty: every one."),
            "role": _("With a team: only for what that team owns."),
            "team": _("Members of the group become members of this team."),
        }


class ServiceAccountForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=150, help_text=_("What it is for: ci, grafana, status-page.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, initial=Role.VIEWER)
    team = team_field(_("Everywhere"), label=pgettext_lazy("team", "For"))


class ServiceTokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Where it is used."))
    scope = forms.ChoiceField(label=_("Scope"), choices=ApiToken.Scope.choices)
    team = team_field(
        _("All"), label=_("Team"), help_text=_("Only incidents of this team's services.")
    )
    days = forms.IntegerField(
        label=_("Days"), required=False, min_value=1, max_value=3650, initial=365,
        help_text=_("Days until it expires; empty: never, or what the server allows at most."),
    )  # fmt: skip
