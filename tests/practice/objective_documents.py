"""Documents of objectives for tests, in the forms of their tools."""

from __future__ import annotations

from practice.slo_files import registry
from practice.slo_files.base import ImportedObjective


def pyrra(indicator: str, window: str = "2w", target: str = "99", extra: str = "") -> str:
    return f"""
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {{name: billing-latency, namespace: apps}}
spec: {{target: "{target}", window: {window}, indicator: {{{indicator}}} {extra}}}
"""


def sloth(sli: str, objective: str = "99.5", extra: str = "") -> str:
    return f"""
version: prometheus/v1
service: billing
slos: [{{name: requests, objective: {objective}, sli: {{{sli}}} {extra}}}]
"""


def openslo(
    indicator: str, objective: str = "target: 0.99", window: str = "duration: 4w, isRolling: true",
    version: str = "openslo/v1", method: str = "Occurrences",
) -> str:  # fmt: skip
    return f"""
apiVersion: {version}
kind: SLO
metadata: {{name: answers}}
spec:
  service: billing
  {indicator}
  timeWindow: [{{{window}}}]
  budgetingMethod: {method}
  objectives: [{{{objective}}}]
"""


def metric(query: str, kind: str = "Prometheus") -> str:
    return f"{{metricSource: {{type: {kind}, spec: {{query: '{query}'}}}}}}"


def ratio(good: str, total: str, flags: str = "counter: true", kind: str = "Prometheus") -> str:
    return (
        f"indicator: {{spec: {{ratioMetric: {{{flags}, good: {metric(good, kind)}, "
        f"total: {metric(total, kind)}}}}}}}"
    )


def read(kind: str, content: str) -> list[ImportedObjective | str]:
    return [
        each if isinstance(each, ImportedObjective) else f"{each.place}: {each.why}"
        for each in registry()[kind]().read(content)
    ]


GOOD, ALL = 'hits{code!~"5.."}', "hits"
RATIO = ratio(GOOD, ALL)
PYRRA_RATIO = "ratio: {errors: {metric: e}, total: {metric: a}}"
