"""Names of alerts, out of titles as monitors, pagers and chat bots write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.alert_names import alert_name, names_it, plain_title, titled


@pytest.mark.parametrize(
    ("title", "name"),
    [
        # Counts, states and priorities, wherever they are.
        ("[FIRING:2] Disk full", "Disk full"),
        ("[FIRING:1, RESOLVED:2] HighLatency (search prod)", "HighLatency (search prod)"),
        ("[P2] [Warn] Error rate - checkout", "Error rate - checkout"),
        ("[Triggered on {host:web-1,env:prod}] CPU high on web-1", "CPU high on web-1"),
        ("[Re-Triggered] Queue grows", "Queue grows"),
        ("[No Data] Queue grows", "Queue grows"),
        ("[Alerting] Panel title", "Panel title"),
        ("[CRITICAL][prod] Payments fail", "[prod] Payments fail"),
        ("[#1234] Something broke", "Something broke"),
        ("Replica lag (3 alerts)", "Replica lag"),
        ("(x3) Replica lag", "Replica lag"),
        ("Memory used (P2)", "Memory used"),
        ("[severity: high] Memory used", "Memory used"),
        ("[URGENT!] Memory used", "Memory used"),
        ("SEV-2 | Payments fail", "Payments fail"),
        ("Priority 1: Payments fail", "Payments fail"),
        ("P1 checkout unreachable", "checkout unreachable"),
        ("CRITICAL - Volume is 92% used", "Volume is 92% used"),
        ("Problem: Disk is low", "Disk is low"),
        ("Resolved in 5m: Disk is low", "Disk is low"),
        ("** PROBLEM Service Alert: web/HTTP is CRITICAL **", "web/HTTP"),
        ("** RECOVERY Service Alert: web/HTTP is OK **", "web/HTTP"),
        ("[PROBLEM] HTTP on web is CRITICAL!", "HTTP on web"),
        ("[RECOVERY] HTTP on web is OK!", "HTTP on web"),
        ("Monitor is DOWN: shop", "shop"),
        ("Monitor is UP: shop", "shop"),
        ("[search/api] Alert triggered", "search/api"),
        ("[search/api] Alert resolved", "search/api"),
        ("Load on db-1 is OK -> CRITICAL", "Load on db-1"),
        ('ALARM: "orders queue deep"', "orders queue deep"),
        ("RE: [CRITICAL] Volume", "Volume"),
        # Mark-up, mentions, emoji, variables, line breaks.
        ("*Checkout* is slow <!here>", "Checkout is slow"),
        ("<@U0123ABCD> Checkout is slow <!subteam^S1|@sre>", "Checkout is slow"),
        ("Checkout is slow @slack-ops @pagerduty-Core", "Checkout is slow"),
        ("<https://mon.example/a|Checkout is slow>", "Checkout is slow"),
        ("[Checkout is slow](https://mon.example/a)", "Checkout is slow"),
        ("<b>Checkout</b> is slow &amp; fails", "Checkout is slow & fails"),
        ("## Checkout is slow\n\nEvery request.", "Checkout is slow Every request."),
        (":rotating_light: Checkout is slow", "Checkout is slow"),
        ("\U0001f525 P1 Checkout is slow", "Checkout is slow"),
        ("%%% Checkout is slow {{#is_alert}} %%%", "Checkout is slow"),
        # What is part of a name.
        ("Down payments fail", "Down payments fail"),
        ("High memory usage", "High memory usage"),
        ("New deployment fails", "New deployment fails"),
        ("ERROR BUDGET BURN", "ERROR BUDGET BURN"),
        ("Error: cannot read properties", "Error: cannot read properties"),
        ("MySQL: Service is down", "MySQL: Service is down"),
        ("S3 errors", "S3 errors"),
        ("P95 latency high", "P95 latency high"),
        ("job:orders:rate5m > 5", "job:orders:rate5m > 5"),
        ("count(*) > 5 of some_snake_case_rule", "count(*) > 5 of some_snake_case_rule"),
        ("HTTP (500)", "HTTP (500)"),
        ("Cannot find '@scope/core' for a@b.example", "Cannot find '@scope/core' for a@b.example"),
        ("TypeError: <unknown> is no function", "TypeError: <unknown> is no function"),
        ("Room above 30 °C", "Room above 30 °C"),
        # Nothing else is left.
        ("[RESOLVED]", "[RESOLVED]"),
        ("Critical", "Critical"),
        ("  \n ", ""),
    ],
)
def test_the_name_of_an_alert_is_what_stays_the_same_in_its_titles(title: str, name: str) -> None:
    assert alert_name(title) == name


@given(st.text(max_size=300) | st.text("[]()<>*_`@#:{}|-!&; \nACDEIKLNOPRTUWabcp012", max_size=300))
def test_any_title_gives_one_short_line(title: str) -> None:
    for name in (alert_name(title, 80), plain_title(title, 80)):
        assert len(name) <= 80
        assert name == " ".join(name.split())


@pytest.mark.parametrize(
    ("title", "service", "held"),
    [
        ("OrdersDbDown", "orders-db", True),
        ("Orders DB is slow", "orders-db", True),
        ("orders_db: slow", "Orders-DB", True),
        ("Webhooks are slow", "web", False),
        ("Anything", "", False),
    ],
)
def test_a_title_names_a_service_by_whole_words(title: str, service: str, held: bool) -> None:
    assert names_it(title, service) is held


def test_the_service_is_in_front_of_a_name_that_lacks_it() -> None:
    assert titled("HighErrorRate", "checkout") == "checkout: HighErrorRate"
    assert titled("CheckoutErrors", "checkout") == "CheckoutErrors"
    assert titled("HighErrorRate", "") == "HighErrorRate"
