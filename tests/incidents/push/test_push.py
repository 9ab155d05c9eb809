"""Notices about incidents on the devices of people: enabled by them, sent, and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client
from django.utils import timezone

from accounts.people.erasing import erase_person
from accounts.people.states import deactivate
from accounts.sign_in import sessions
from common import web_push
from common.outbound_addresses import http_client
from incidents.events.notices import notify
from incidents.filing import file_incident
from incidents.models import Incident, Notice, PushDelivery, PushDevice, PushKey
from incidents.push import devices, sending
from people.models import AuditEntry
from tests.push_browser import PushBrowser, PushService

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> PushBrowser:
    return PushBrowser()


@pytest.fixture
def service(browser: PushBrowser, monkeypatch: pytest.MonkeyPatch) -> PushService:
    played = PushService(browser, web_push.public_key(devices.private_key()))

    def client(**options: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(played), **options)

    assert sending.http_client is http_client, "the guarded one"
    monkeypatch.setattr(sending, "http_client", client)
    return played


@pytest.fixture
def web(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def device(user: User, browser: PushBrowser) -> PushDevice:
    return devices.enable(user, browser.recipient, "Firefox on Linux", "")


def notified(user: User, incident: Incident, text: str = "sam: please acknowledge") -> PushDelivery:
    notify(user, f"test-{Notice.objects.count()}", text, incident.get_absolute_url())
    return PushDelivery.objects.latest("pk")


def due_again(delivery: PushDelivery) -> PushDelivery:
    PushDelivery.objects.filter(pk=delivery.pk).update(not_before=timezone.now())
    return delivery


def test_a_person_enables_a_browser_and_reads_there_what_happens(
    web: Client, user: User, browser: PushBrowser, service: PushService
) -> None:
    page = web.get("/account/").content.decode()
    assert f'data-key="{service.server_key}"' in page
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    answer = web.post("/account/notifications/", browser.fields, follow=True, HTTP_USER_AGENT=agent)
    assert "Notifications are enabled on this device." in answer.content.decode()
    assert "Firefox on Linux" in answer.content.decode()
    assert "this one" in answer.content.decode()
    assert browser.endpoint not in answer.content.decode()
    incident = file_incident(title="Checkout fails with password=hunter2hunter2", severity="SEV2")
    notified(user, incident)
    assert sending.send_due() == 1
    [shown] = service.shown
    assert shown["title"].startswith(f"INC-{incident.pk}: Checkout fails")
    assert "hunter2" not in str(shown)
    del shown["title"]
    assert shown == {
        "number": incident.pk,
        "severity": "SEV2",
        "text": "sam: please acknowledge",
        "path": f"/INC-{incident.pk}/",
        "icon": static("causebook/icon-192.png"),
    }
    [proof] = service.proofs
    assert proof["sub"].startswith(("https://", "mailto:"))
    assert proof["exp"] < timezone.now().timestamp() + 86_400
    assert service.headers[0]["topic"] == f"INC-{incident.pk}"
    assert sending.send_due() == 0, "once"


def test_of_a_private_incident_a_locked_screen_shows_its_number_only(
    user: User, device: PushDevice, service: PushService
) -> None:
    incident = file_incident(title="Leaked keys", private=True, reporter=user)
    notified(user, incident, "sam: Leaked keys need you")
    sending.send_due()
    [shown] = service.shown
    assert shown["title"] == f"INC-{incident.pk} (private)"
    assert "Leaked" not in str(shown)


def test_who_may_not_see_the_incident_any_more_gets_nothing(
    user: User, device: PushDevice, service: PushService
) -> None:
    incident = file_incident(title="Leaked keys")
    delivery = notified(user, incident)
    Incident.objects.filter(pk=incident.pk).update(private=True)
    assert sending.send_due() == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("failed", "Its person may not see this.")
    assert service.headers == []


def test_who_was_deactivated_gets_nothing(
    user: User, device: PushDevice, service: PushService
) -> None:
    notified(user, file_incident(title="Checkout fails"))
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert sending.send_due() == 0
    assert service.headers == []


def test_notices_about_other_things_stay_on_their_page(user: User, device: PushDevice) -> None:
    assert notify(user, "review", "Please review “Outage”", "/knowledge/postmortems/1/") is False
    assert notify(user, "somewhere", "Your token expires soon", "/tokens/")
    assert not PushDelivery.objects.exists()


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_subscribed_no_more_is_removed(
    status: int, user: User, device: PushDevice, service: PushService
) -> None:
    notified(user, file_incident(title="Checkout fails"))
    service.answers = [(status, {})]
    assert sending.send_due() == 0
    assert not PushDevice.objects.exists()
    assert not PushDelivery.objects.exists()


def test_a_busy_service_gets_it_again_when_it_wants(
    user: User, device: PushDevice, service: PushService
) -> None:
    delivery = notified(user, file_incident(title="Checkout fails"))
    service.answers = [(429, {"Retry-After": "120"}), (503, {})]
    for least in (110, 25):
        assert sending.send_due() == 0
        delivery.refresh_from_db()
        assert delivery.not_before > timezone.now() + timedelta(seconds=least)
        due_again(delivery)
    assert sending.send_due() == 1
    assert len(service.shown) == 1
    device.refresh_from_db()
    assert device.trouble == ""
    assert device.last_sent_at


def test_a_service_that_never_answers_is_left_after_some_attempts(
    user: User, device: PushDevice, service: PushService
) -> None:
    delivery = notified(user, file_incident(title="Checkout fails"))
    service.answers = [(500, {})] * sending.MAX_ATTEMPTS
    for _ in range(sending.MAX_ATTEMPTS):
        sending.deliver(due_again(delivery).pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("failed", "fcm.googleapis.com answered 500.")


def test_a_refusal_is_not_repeated_and_its_cure_is_on_the_page(
    web: Client, user: User, device: PushDevice, service: PushService
) -> None:
    delivery = notified(user, file_incident(title="Checkout fails"))
    service.answers = [(403, {})]
    sending.send_due()
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert (
        "answered 403. Enable notifications on the device again."
        in web.get("/account/").content.decode()
    )


@pytest.mark.parametrize(
    "endpoint", ["https://10.0.0.8/push", "http://fcm.googleapis.com/x", "https://example.com/x"]
)
def test_an_address_that_is_no_push_service_is_refused(
    endpoint: str, web: Client, browser: PushBrowser
) -> None:
    answer = web.post(
        "/account/notifications/", {**browser.fields, "endpoint": endpoint}, follow=True
    )
    assert "push service cannot be used" in answer.content.decode()
    assert not PushDevice.objects.exists()


def test_an_address_in_the_database_is_checked_again_when_it_is_used(
    user: User, device: PushDevice, service: PushService
) -> None:
    device.secrets = {**device.secrets, "endpoint": "https://10.0.0.8/push"}
    device.save()
    notified(user, file_incident(title="Checkout fails"))
    assert sending.send_due() == 0
    assert service.headers == []


def test_without_the_key_it_fails_with_the_cure(
    user: User, device: PushDevice, web: Client, settings: Any
) -> None:
    devices.private_key()
    delivery = notified(user, file_incident(title="Checkout fails"))
    settings.SECRET_KEY = "another one, and the former is lost"
    sending.send_due()
    delivery.refresh_from_db()
    assert "SECRET_KEY_FALLBACKS" in delivery.error
    web.force_login(user)
    assert "runs manage.py" in web.get("/account/").content.decode()
    call_command("renew_push_key")
    assert not PushDevice.objects.exists()
    assert "Enable on this device" in web.get("/account/").content.decode()


def test_a_test_is_sent_at_once_and_only_to_ones_own_device(
    web: Client, device: PushDevice, service: PushService, django_user_model: Any
) -> None:
    answer = web.post(f"/account/notifications/{device.pk}/test/", follow=True)
    assert "A test is sent to Firefox on Linux." in answer.content.decode()
    assert service.shown[0]["path"] == "/account/"
    service.answers = [(500, {})]
    answer = web.post(f"/account/notifications/{device.pk}/test/", follow=True)
    assert "The test was not sent. fcm.googleapis.com answered 500." in answer.content.decode()
    web.force_login(django_user_model.objects.create_user("other"))
    assert web.post(f"/account/notifications/{device.pk}/test/").status_code == 404
    web.post(f"/account/notifications/{device.pk}/remove/")
    assert PushDevice.objects.filter(pk=device.pk).exists()


def test_a_device_is_removed_by_its_person(web: Client, device: PushDevice) -> None:
    answer = web.post(f"/account/notifications/{device.pk}/remove/", follow=True)
    assert "The device is removed." in answer.content.decode()
    assert not PushDevice.objects.exists()


def test_signing_out_ends_notifications_of_this_browser_only(
    web: Client, user: User, browser: PushBrowser
) -> None:
    web.post("/account/notifications/", browser.fields)
    phone = PushBrowser("https://web.push.apple.com/phone")
    other = devices.enable(user, phone.recipient, "Safari on iPhone", "")
    web.post("/sign-out/")
    assert list(PushDevice.objects.all()) == [other]


def test_the_next_person_at_a_browser_ends_those_of_the_one_before(
    web: Client, browser: PushBrowser, django_user_model: Any
) -> None:
    web.post("/account/notifications/", browser.fields)
    web.cookies.pop("sessionid")  # It expired, without a sign-out.
    web.force_login(django_user_model.objects.create_user("other"))
    web.get("/account/")
    web.post("/account/notifications/", browser.fields)
    assert [each.user.username for each in PushDevice.objects.all()] == ["other"]


def test_signing_out_everywhere_ends_all(user: User, device: PushDevice) -> None:
    sessions.end_sessions(user)
    assert not PushDevice.objects.exists()


def test_ending_the_other_sessions_leaves_this_browser(
    web: Client, user: User, device: PushDevice
) -> None:
    web.post("/account/notifications/", PushBrowser("https://web.push.apple.com/2").fields)
    web.post("/account/sessions/end/")
    assert [each.service for each in PushDevice.objects.all()] == ["web.push.apple.com"]


def test_deactivation_and_erasure_end_them(
    user: User, device: PushDevice, browser: PushBrowser, django_user_model: Any
) -> None:
    deactivate(user, django_user_model.objects.create_superuser("root"))
    assert not PushDevice.objects.exists()
    devices.enable(user, browser.recipient, "Firefox on Linux", "")
    erase_person(user)
    assert not PushDevice.objects.exists()


def test_a_person_has_few_devices(user: User) -> None:
    for number in range(devices.MOST_DEVICES):
        browser = PushBrowser(f"https://fcm.googleapis.com/{number}")
        devices.enable(user, browser.recipient, "Chrome on Android", "")
    devices.enable(user, browser.recipient, "Chrome on Android", "")
    with pytest.raises(Exception, match="remove one first"):
        devices.enable(user, PushBrowser().recipient, "Chrome on Android", "")
    assert user.push_devices.count() == devices.MOST_DEVICES


def test_keys_and_addresses_are_sealed_and_in_no_log(
    user: User, device: PushDevice, browser: PushBrowser
) -> None:
    written = str(list(PushDevice.objects.values())) + str(list(AuditEntry.objects.values()))
    for secret in (browser.endpoint, browser.recipient.auth, browser.recipient.p256dh):
        assert secret not in written
    assert devices.private_key() == devices.private_key(), "made once"
    assert devices.private_key() not in str(list(PushKey.objects.values()))


def test_the_service_worker_is_at_the_root_and_never_stale(client: Client) -> None:
    answer = client.get("/service-worker.js")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-store" in answer["Cache-Control"]
    assert b"showNotification" in answer.content


def test_deliveries_end_with_their_notice(user: User, device: PushDevice) -> None:
    delivery = notified(user, file_incident(title="Checkout fails"))
    Notice.objects.update(created_at=timezone.now() - timedelta(days=100))
    call_command("storage", "--apply", "5")
    assert not PushDelivery.objects.filter(pk=delivery.pk).exists()
