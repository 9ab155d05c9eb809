"""What every source of history fulfils: all pages come once, and later what changed there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from common.site_url import public_url
from incidents.filing import edit_incident, file_incident
from incidents.models import Alert, Incident
from kb.history_reading import connecting, reading
from kb.history_sources import registry
from kb.importers import registry as importers
from kb.models import HistoryConnection, HistoryReading, Postmortem
from kb.remote_api import WRITTEN_HERE, RemoteError
from tests.kb.history.fake_products import EVIL, NOW, TOKEN, FakeProduct
from tests.kb.history.fake_slack_channel import PRODUCTS
from tests.kb.trackers.fake_tracker import served

pytestmark = pytest.mark.django_db


@pytest.fixture(params=sorted(PRODUCTS))
def product(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProduct]:
    """The server of each product with three incidents, of which a page has two."""
    monkeypatch.setattr(sys.modules[registry()[request.param].__module__], "PAGE", 2)
    with served(PRODUCTS[request.param]()) as fake:
        for number, days in enumerate((40, 30, 20), 1):
            fake.add(f"Checkout down {number}", days, ended=NOW - timedelta(days=days - 1))
        yield fake


@pytest.fixture
def connection(product: FakeProduct) -> HistoryConnection:
    row = HistoryConnection(name="Ours", kind=product.kind, settings=product.settings())
    row.settings["earliest"] = f"{NOW - timedelta(days=60):%Y-%m-%d}"
    row.secrets = {"token": TOKEN}
    row.save()
    return row


def work() -> None:
    """All that is due, now or because it waits to be repeated."""
    HistoryReading.objects.filter(state="waiting").update(not_before=timezone.now())
    reading.read_due()


def read(connection: HistoryConnection, purpose: str = "import") -> HistoryReading:
    found = reading.start_reading(connection, purpose)
    work()
    found.refresh_from_db()
    return found


def follow(connection: HistoryConnection) -> HistoryReading:
    past = timezone.now() - timedelta(minutes=30)
    HistoryConnection.objects.filter(pk=connection.pk).update(followed_to=past)
    work()
    return connection.readings.get(purpose="follow")


def imported(connection: HistoryConnection) -> list[str]:
    rows = Incident.objects.filter(external_source=connecting.source_of(connection))
    return sorted(rows.values_list("external_id", flat=True))


def test_every_source_has_a_server_and_the_origin_of_an_importer() -> None:
    assert set(PRODUCTS) == set(registry())
    for plugin in registry().values():
        assert plugin.source in importers()
        assert plugin.title
        assert plugin.reads


def test_a_preview_stores_nothing_and_an_import_brings_all_once(
    connection: HistoryConnection, product: FakeProduct
) -> None:
    product.token = "another"
    with pytest.raises(RemoteError, match="Enter a new one in the connection's settings"):
        connecting.probe(connection)
    product.token = TOKEN
    assert "can be read" in connecting.probe(connection)
    broken = product.add("Broken one", 10, broken=True)
    preview = read(connection, "preview")
    assert (preview.state, preview.count("new"), preview.count("skipped")) == ("done", 3, 1)
    assert "Checkout down 1" in preview.found["titles"]
    assert imported(connection) == []
    done = read(connection)
    assert (done.state, done.error, done.progress, done.count("new")) == ("done", "", 1.0, 3)
    assert done.pages > 1
    [(place, why)] = done.found["problems"].items()
    assert why
    assert any(name in place for name in (broken.key, str(broken.number), broken.title))
    ids = sorted(product.external_id(each) for each in product.records if not each.broken)
    assert imported(connection) == ids
    again = read(connection)
    assert (again.count("new"), again.count("same"), imported(connection)) == (0, 3, ids)
    # Whatever an answer names, requests go to the address of the settings only.
    assert not any(EVIL in str(value) for each in product.requests for value in vars(each).values())


@pytest.mark.parametrize("product", ["statuspage", "jira"], indirect=True)
def test_a_worker_that_dies_or_is_limited_loses_and_doubles_nothing(
    connection: HistoryConnection, product: FakeProduct
) -> None:
    found = reading.start_reading(connection, "import")
    assert reading.read_page(found.pk)
    with pytest.raises(ValidationError, match="under way"):
        reading.start_reading(connection, "preview")
    # A worker that took the next page and died.
    expired = timezone.now() - timedelta(seconds=1)
    HistoryReading.objects.update(state="claimed", claimed_by="dead", lease_until=expired)
    product.limit(40)
    reading.read_page(found.pk)
    found.refresh_from_db()
    assert found.state == "waiting"
    assert found.not_before > timezone.now() + timedelta(seconds=30)
    assert "no more requests now" in found.error
    # One that was listed before comes again, on a later page.
    product.records[0].created += timedelta(seconds=1)
    work()
    found.refresh_from_db()
    assert (found.state, found.error) == ("done", "")
    assert len(imported(connection)) == found.count("new") == 3


@pytest.mark.parametrize("product", ["github"], indirect=True)
def test_a_revoked_token_is_said_with_the_cure_and_a_new_one_goes_on(
    connection: HistoryConnection, product: FakeProduct
) -> None:
    found = reading.start_reading(connection, "import")
    reading.read_page(found.pk)
    product.token = "a-new-one"
    with pytest.raises(RemoteError, match="Enter a new one in the connection's settings"):
        connecting.probe(connection)
    work()
    found.refresh_from_db()
    connection.refresh_from_db()
    assert found.state == "failed"
    assert "Enter a new one in the connection's settings" in connection.trouble
    assert TOKEN not in connection.trouble
    connection.secrets = {"token": "a-new-one"}
    connection.save()
    assert "can be read" in connecting.probe(connection)
    work()
    found.refresh_from_db()
    connection.refresh_from_db()
    assert (found.state, connection.trouble, len(imported(connection))) == ("done", "", 3)


def test_what_a_pager_reported_before_is_no_second_incident() -> None:
    with served(PRODUCTS["pagerduty"]()) as product:
        reported, other = product.add("Checkout down", 3), product.add("Search down", 2)
        row = HistoryConnection(name="Ours", kind="pagerduty", settings=product.settings())
        row.secrets = {"token": TOKEN}
        row.save()
        incident = file_incident(title="Checkout down", external_source="PagerDuty")
        Alert.objects.create(
            source="pagerduty 7", fingerprint=reported.key, name="down", starts_at=NOW,
            incident=incident,
        )  # fmt: skip
        row.settings["earliest"] = f"{NOW - timedelta(days=60):%Y-%m-%d}"
        row.save()
        assert (read(row).count("same"), imported(row)) == (1, [other.key])


def test_copies_of_our_own_postmortems_do_not_come_back() -> None:
    with served(PRODUCTS["confluence"]()) as product:
        own = f'<a href="{public_url()}/knowledge/postmortems/5/">{WRITTEN_HERE}</a>'
        product.add("Postmortem 5: Checkout down", 3, notes=[(NOW, "Ada", own)])
        row = HistoryConnection(name="Ours", kind="confluence", settings=product.settings())
        row.secrets = {"token": TOKEN}
        row.save()
        done = read(row)
        assert (done.state, done.count("new"), done.count("skipped")) == ("done", 0, 0)


def test_what_changes_there_comes_afterwards_but_not_into_private_incidents(
    connection: HistoryConnection, product: FakeProduct
) -> None:
    open_one, hidden = product.add("Payment slow", 0.5), product.add("Leak", 0.4)
    read(connection)
    source = connecting.source_of(connection)
    rows = Incident.objects.filter(external_source=source)
    private = rows.get(external_id=product.external_id(hidden))
    edit_incident(private, private=True)
    before = private.timeline.count()
    product.end(open_one)
    product.end(hidden)
    late = product.add("Search down", 0.001)
    done = follow(connection)
    assert (done.state, done.count("new"), done.count("changed")) == ("done", 1, 1)
    assert product.external_id(late) in imported(connection)
    ours = rows.get(external_id=product.external_id(open_one))
    assert not ours.is_open
    written = " ".join(ours.timeline.values_list("text", flat=True))
    written += " ".join(Postmortem.objects.filter(incidents=ours).values_list("body", flat=True))
    assert "Rolled back the release." in written
    private.refresh_from_db()
    assert private.timeline.count() == before
    assert not Postmortem.objects.filter(incidents=private, body__contains="Rolled back").exists()
    again = follow(connection)
    assert (again.count("new"), again.count("changed")) == (0, 0)
