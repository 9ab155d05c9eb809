"""The servers that play products answer the vendors' public clients too: so they are faithful."""

from __future__ import annotations

from github import Auth, Github
from jira import JIRA
from pagerduty import RestApiV2Client

from tests.kb.history.fake_products import NOW, TOKEN, FakeGitHub, FakeJira, FakePagerDuty
from tests.kb.trackers.fake_tracker import served


def test_the_public_client_of_pagerduty_lists_incidents_logs_and_notes() -> None:
    with served(FakePagerDuty()) as fake:
        record = fake.add("Checkout down", 3)
        fake.end(record)
        client = RestApiV2Client(TOKEN)
        client._url = fake.url  # It takes addresses of https only.
        found = list(client.iter_all("incidents", params={"limit": 2}))
        assert [each["id"] for each in found] == [record.key]
        assert found[0]["status"] == "resolved"
        log = list(client.iter_all(f"incidents/{record.key}/log_entries"))
        assert {each["type"] for each in log} == {"annotate_log_entry", "acknowledge_log_entry"}
        notes = client.rget(f"/incidents/{record.key}/notes")
        assert notes[0]["content"] == "Rolled back the release."


def test_the_public_client_of_github_lists_issues_with_a_label_and_comments() -> None:
    with served(FakeGitHub()) as fake:
        fake.end(fake.add("Checkout down", 3))
        client = Github(auth=Auth.Token(TOKEN), base_url=fake.url, retry=None)
        repository = client.get_repo("example/shop", lazy=True)
        found = list(repository.get_issues(state="all", labels=["incident"], since=NOW))
        assert [each.title for each in found] == ["Checkout down"]
        assert [each.body for each in repository.get_issues(state="all", labels=["incident"])]


def test_the_public_client_of_jira_cloud_pages_through_a_query() -> None:
    with served(FakeJira()) as fake:
        for number in range(3):
            fake.add(f"Checkout down {number}", 3 - number)
        client = JIRA(fake.url, basic_auth=(fake.email, TOKEN), max_retries=0)
        found = client.enhanced_search_issues("(project = OPS)", maxResults=0)
        assert [each.key for each in found] == ["OPS-1", "OPS-2", "OPS-3"]
