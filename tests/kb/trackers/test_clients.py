"""The servers that play trackers answer the vendors' public clients too: so they are faithful."""

from __future__ import annotations

import pytest
from github import Auth, Github, GithubException
from gitlab import Gitlab
from gitlab.exceptions import GitlabAuthenticationError, GitlabGetError
from jira import JIRA, JIRAError

from tests.kb.trackers.fake_github import API, FakeGitHub
from tests.kb.trackers.fake_gitlab import FakeGitLab
from tests.kb.trackers.fake_jira import EMAIL, FakeJira
from tests.kb.trackers.fake_tracker import TOKEN, served


def test_the_public_client_of_jira_creates_finds_closes_and_misses() -> None:
    with served(FakeJira()) as fake:
        client = JIRA(fake.url, basic_auth=(EMAIL, TOKEN), max_retries=0)
        assert client.project("OPS").name == "Operations"
        fields = {
            "project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "Check indexes",
            "description": "Why", "labels": ["causebook-1"],
        }  # fmt: skip
        issue = client.create_issue(fields=fields)
        assert (issue.key, issue.fields.summary) == ("OPS-1", "Check indexes")
        assert issue.fields.status.statusCategory.key == "new"
        found = client.search_issues('project = "OPS" AND labels = "causebook-1"', maxResults=1)
        assert [each.id for each in found] == [issue.id]
        offered = {each["to"]["name"]: each["id"] for each in client.transitions(issue)}
        client.transition_issue(issue, offered["Done"])
        assert str(client.issue("OPS-1").fields.resolution) == "Done"
        fake.issues[0].deleted = True
        with pytest.raises(JIRAError, match="does not exist"):
            client.issue("OPS-1")
        with pytest.raises(JIRAError) as refused:
            client.create_issue(fields={**fields, "issuetype": {"name": "Epic"}})
        assert refused.value.status_code == 400
        fake.token = "another"
        with pytest.raises(JIRAError) as denied:
            client.project("OPS")
        assert denied.value.status_code == 401


def test_the_public_client_of_github_creates_lists_closes_and_misses() -> None:
    with served(FakeGitHub()) as fake:
        client = Github(auth=Auth.Token(TOKEN), base_url=f"{fake.url}{API}", retry=None)
        repository = client.get_repo("example/shop")
        issue = repository.create_issue("Check indexes", body="Why")
        assert (issue.number, issue.state, issue.title) == (1, "open", "Check indexes")
        issue.edit(state="closed", state_reason="not_planned")
        assert (issue.state, issue.state_reason) == ("closed", "not_planned")
        assert [each.number for each in repository.get_issues(state="all")] == [1]
        assert list(repository.get_issues(state="open")) == []
        there = fake.move(fake.issues[0])
        assert repository.get_issue(1).number == there.number
        fake.issues[0].moved_to, fake.issues[0].deleted = None, True
        with pytest.raises(GithubException) as missing:
            repository.get_issue(1)
        assert missing.value.status == 410
        fake.token = "another"
        with pytest.raises(GithubException) as denied:
            repository.get_issue(1)
        assert denied.value.status == 401


def test_the_public_client_of_gitlab_creates_lists_closes_and_misses() -> None:
    with served(FakeGitLab()) as fake:
        client = Gitlab(fake.url, private_token=TOKEN, retry_transient_errors=False)
        project = client.projects.get("example/shop")
        issue = project.issues.create({"title": "Check indexes", "description": "Why"})
        assert (issue.iid, issue.state, issue.references["full"]) == (1, "opened", "example/shop#1")
        issue.state_event = "close"
        issue.save()
        assert project.issues.get(1).state == "closed"
        assert [each.iid for each in project.issues.list(get_all=False)] == [1]
        fake.move(fake.issues[0])
        assert project.issues.get(1).moved_to_id is not None
        with pytest.raises(GitlabGetError) as missing:
            project.issues.get(99)
        assert missing.value.response_code == 404
        fake.token = "another"
        with pytest.raises(GitlabAuthenticationError):
            project.issues.get(1)
