"""Error budgets against Prometheus itself: what it counts, and what it makes of our rules.

Three days of two counters, a sample a minute: a burst of errors, a restart that sets the counters
back to zero, hours without traffic, hours without a scrape, and a slow burn at the end.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from analysis.models import Source
from incidents.models import Service
from practice.core import error_budget
from practice.core.prometheus_rules import rules
from practice.models import Slo
from practice.slos import counting
from practice.slos.status import counts_of
from tests.conftest import tool

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]
MINUTES = 3 * 24 * 60
RESET, QUIET, BLIND = 20 * 60, range(30 * 60, 34 * 60), range(40 * 60, 44 * 60)
BURST, SLOW = range(10 * 60, 10 * 60 + 30), range(MINUTES - 120, MINUTES)
# By hand: 600 requests a minute but where it is quiet or nobody looks; of the burst a tenth fails,
# of the slow burn a hundredth.
BAD = len(BURST) * 60 + len(SLOW) * 6
TOTAL = 600 * (MINUTES - len(QUIET) - len(BLIND))


def counters() -> tuple[list[float | None], list[float | None]]:
    """Bad and all requests so far at the end of each minute; None where no scrape came."""
    bad: list[float | None] = []
    total: list[float | None] = []
    failed = answered = 0.0
    for minute in range(MINUTES):
        if minute == RESET:
            failed = answered = 0.0
        if minute not in QUIET:
            answered += 600
            failed += 60 if minute in BURST else 6 if minute in SLOW else 0
        seen = minute not in BLIND
        bad.append(failed if seen else None)
        total.append(answered if seen else None)
    return bad, total


@pytest.fixture
def slo() -> Slo:
    return Slo.objects.create(
        service=Service.objects.create(name="checkout"), name="availability",
        target=Decimal("99.9"), window="7d",
        numerator='sum(rate(requests_total{code="500"}[$window]))',
        total="sum(rate(requests_total[$window]))",
    )  # fmt: skip


def replayed(path: Path, start: float) -> Path:
    """The counters as OpenMetrics. Answers of code 200 are all but the failed ones."""
    bad, total = counters()
    lines = ["# TYPE requests counter"]
    for code in ("200", "500"):
        for minute, (failed, answered) in enumerate(zip(bad, total, strict=True)):
            if failed is not None and answered is not None:
                value = failed if code == "500" else answered - failed
                lines.append(
                    f'requests_total{{code="{code}"}} {value:.0f} {start + 60 * (minute + 1):.0f}'
                )
    path.write_text("\n".join([*lines, "# EOF", ""]))
    return path


def as_series(values: list[float | None]) -> str:
    return " ".join("_" if value is None else f"{value:.0f}" for value in values)


def test_what_is_counted_by_prometheus_is_what_was_counted_by_hand(
    slo: Slo, replay: Callable[[Path], str], tmp_path: Path
) -> None:
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(minutes=MINUTES)
    address = replay(replayed(tmp_path / "counters.om", start.timestamp()))
    Source.objects.create(name="Prometheus", kind="prometheus", settings={"url": address})
    counting.count(slo, end)
    assert slo.problem == ""
    counts = counts_of(slo, start, end)
    bad, total = counts.sums()
    assert bad == pytest.approx(BAD, rel=0.02)
    assert total == pytest.approx(TOTAL, rel=0.01)
    found = error_budget.budget(counts, slo.ratio, start, end, end)
    assert found.quiet == pytest.approx(len(QUIET) / MINUTES, abs=0.003)
    assert found.known == pytest.approx(1 - len(BLIND) / MINUTES, abs=0.003)
    assert found.spent == pytest.approx(BAD / TOTAL * (MINUTES - len(BLIND)), rel=0.03)

    # The same series, read by the rules we generate: Prometheus must say the same.
    seconds = end.timestamp()
    expected = {
        name: (error_budget.burn_rate(counts, slo.ratio, seconds, length) or 0.0) * (1 - slo.ratio)
        for name, length in {"1h": 3600, "1d": 86_400, "3d": 259_200}.items()
    }
    assert expected["1h"] == pytest.approx(0.01, rel=0.01)
    bad_series, total_series = counters()
    good_series = [
        None if b is None or t is None else t - b
        for b, t in zip(bad_series, total_series, strict=True)
    ]
    checks = [
        {
            # Within a hundredth: windows of rules overlap by their five minutes, ours do not.
            "expr": f"abs(causebook:slo_error:ratio{name} / {value:.9f} - 1) < bool 0.02",
            "eval_time": f"{MINUTES}m",
            "exp_samples": [{"labels": f'{{service="checkout", slo="{slo.pk}"}}', "value": 1}],
        }
        for name, value in expected.items()
    ]
    alerts = [
        {"eval_time": f"{minute}m", "alertname": f"ErrorBudgetBurn{kind}", "exp_alerts": firing}
        for minute, kind, firing in [
            (9 * 60, "Page", []),
            (10 * 60 + 29, "Page", [_alert(slo, "page")]),
            (26 * 60, "Page", []),
            (32 * 60, "Page", []),
            (42 * 60, "Page", []),
            (MINUTES - 5, "Page", [_alert(slo, "page")]),
        ]
    ]
    (tmp_path / "rules.yml").write_text(rules([counting.objective_of(slo)]))
    (tmp_path / "test.yml").write_text(
        yaml.safe_dump(
            {
                "rule_files": ["rules.yml"],
                "evaluation_interval": "1m",
                "tests": [
                    {
                        "interval": "1m",
                        "input_series": [
                            {
                                "series": f'requests_total{{code="{code}"}}',
                                # Minute 0 comes before the first minute has passed.
                                "values": f"0 {as_series(values)}",
                            }
                            for code, values in (("200", good_series), ("500", bad_series))
                        ],
                        "promql_expr_test": checks,
                        "alert_rule_test": alerts,
                    }
                ],
            }
        )
    )
    finished = subprocess.run(
        [tool("promtool"), "test", "rules", "test.yml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr


def _alert(slo: Slo, severity: str) -> dict[str, dict[str, str]]:
    labels = {"severity": severity, "service": "checkout", "slo": str(slo.pk)}
    summary = "checkout: availability burns its error budget too fast"
    return {"exp_labels": labels, "exp_annotations": {"summary": summary}}


def test_prometheus_accepts_the_rules_of_every_kind_of_objective(slo: Slo, tmp_path: Path) -> None:
    odd = Service.objects.create(name="odd: a/b @c")
    for counts, window, name in (
        ("good", "28d", 'say "fast"'), ("bad", "month", "ünïcödé {x}"), ("bad", "year", "y"),
    ):  # fmt: skip
        Slo.objects.create(
            service=odd, name=name, counts=counts, window=window, target=Decimal("99.9999"),
            numerator='sum by (job) (rate(a_bucket{le="0.3",x=~"\\\\d+"}[$window]))',
            total="sum(rate(a_count[$window])) + sum(rate(b_count[$window]))",
        )  # fmt: skip
    path = tmp_path / "rules.yml"
    path.write_text(rules(counting.objective_of(each) for each in Slo.objects.all()))
    finished = subprocess.run(
        [tool("promtool"), "check", "rules", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "SUCCESS" in finished.stdout
