from django.urls import path

from accounts.web import (
    audit,
    group_rules,
    invitations,
    passwords,
    people,
    service_accounts,
    storage,
    teams,
    tokens,
)

app_name = "accounts"

urlpatterns = [
    path("people/", people.people_list, name="people"),
    path("people/<int:pk>/", people.person_page, name="person"),
    path("people/<int:pk>/roles/", people.role_new, name="role-new"),
    path("people/<int:pk>/roles/<int:grant>/end/", people.role_end, name="role-end"),
    path("people/<int:pk>/state/", people.change_state, name="state"),
    path("people/<int:pk>/sessions/end/", people.sessions_end, name="sessions-end"),
    path("people/<int:pk>/erase/", people.erase, name="erase"),
    path("people/<int:pk>/export/", people.export, name="export"),
    path("people/<int:pk>/password/", passwords.reset, name="password-reset-of"),
    path("people/<int:pk>/second-factor/", passwords.second_factor_end, name="second-factor-end"),
    path("people/<int:pk>/tokens/", service_accounts.token_new, name="service-token-new"),
    path("people/service-accounts/new/", service_accounts.new, name="service-account-new"),
    path("people/invite/", invitations.invite, name="invite"),
    path("people/invitations/<int:pk>/again/", invitations.again, name="invitation-again"),
    path("people/invitations/<int:pk>/revoke/", invitations.revoke, name="invitation-revoke"),
    path("people/groups/", group_rules.rule_list, name="group-rules"),
    path("people/groups/new/", group_rules.rule_form, name="group-rule-new"),
    path("people/groups/<int:pk>/", group_rules.rule_form, name="group-rule"),
    path("people/tokens/", tokens.token_list, name="all-tokens"),
    path("people/tokens/end/", tokens.tokens_end, name="tokens-end"),
    path("storage/", storage.page, name="storage"),
    path("audit/", audit.entry_list, name="audit"),
    path("audit/export/", audit.export, name="audit-export"),
    path("teams/", teams.team_list, name="teams"),
    path("teams/new/", teams.team_form, name="team-new"),
    path("teams/<int:pk>/", teams.team_page, name="team"),
    path("teams/<int:pk>/edit/", teams.team_form, name="team-edit"),
    path("teams/<int:pk>/delete/", teams.team_delete, name="team-delete"),
    path("teams/<int:pk>/members/", teams.member_new, name="member-new"),
    path("teams/<int:pk>/members/<int:person>/end/", teams.member_end, name="member-end"),
]
