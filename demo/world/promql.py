"""Enough of PromQL to answer dashboards: selectors, rate, increase, aggregations, arithmetic."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import promql_parser as promql

from demo.world.services import SERVICES
from demo.world.telemetry import Array, World


@dataclass
class Vector:
    """One series of a range query; a scalar is the one that matches any other."""

    labels: dict[str, str]
    values: Array
    scalar: bool = False


class Unsupported(ValueError):
    """Valid PromQL that the demo world does not support."""


BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Metric name → (short name, kinds of service that have it, whether it counts up).
METRICS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "container_cpu_usage_seconds_total": ("cpu", (), True),
    "container_memory_working_set_bytes": ("memory", (), False),
    "kube_pod_container_status_restarts_total": ("restarts", (), True),
    "http_requests_total": ("rate", ("http",), True),
    "http_request_duration_seconds_bucket": ("latency", ("http",), True),
    "pg_stat_activity_count": ("connections", ("postgresql",), False),
    "pg_stat_database_xact_commit": ("xact", ("postgresql",), True),
    "pg_stat_user_tables_seq_tup_read": ("seq_tup_read", ("postgresql",), True),
    "pg_locks_waiting_count": ("locks", ("postgresql",), False),
    "pg_replication_lag_seconds": ("lag", ("postgresql",), False),
    "node_filesystem_avail_bytes": ("disk", ("postgresql", "node"), False),
    "node_filesystem_size_bytes": ("", ("postgresql", "node"), False),
    "redis_keyspace_hits_total": ("hits", ("cache",), True),
    "redis_keyspace_misses_total": ("misses", ("cache",), True),
    "redis_evicted_keys_total": ("evictions", ("cache",), True),
    "redis_connected_clients": ("clients", ("cache",), False),
    "rabbitmq_queue_messages_ready": ("messages", ("queue",), False),
    "rabbitmq_queue_consumers": ("consumers", ("queue",), False),
    "node_load1": ("load", ("node",), False),
    "up": ("", (), False),
}
DISK_SIZE = 500e9
# Restarts are modelled per minute; the rate of a counter is per second.
PER_SECOND = {"restarts": 1 / 60}


def evaluate(world: World, query: str, times: Array) -> list[Vector]:
    """The query's series at `times`. Raises ValueError for what cannot be parsed or answered."""
    return _evaluate(world, promql.parse(query), times)


def _evaluate(world: World, node: Any, times: Array) -> list[Vector]:
    if isinstance(node, promql.NumberLiteral):
        return [Vector({}, np.full(len(times), node.val), scalar=True)]
    if isinstance(node, promql.ParenExpr):
        return _evaluate(world, node.expr, times)
    if isinstance(node, promql.VectorSelector):
        return _select(world, node, times, per_second=False)
    if isinstance(node, promql.Call):
        return _call(world, node, times)
    if isinstance(node, promql.AggregateExpr):
        return _aggregate(node, _evaluate(world, node.expr, times))
    if isinstance(node, promql.BinaryExpr):
        return _binary(node, _evaluate(world, node.lhs, times), _evaluate(world, node.rhs, times))
    raise Unsupported(f"{type(node).__name__} is not supported here")


def _matches(matchers: Any, labels: dict[str, str]) -> bool:
    for matcher in matchers.matchers:
        value, wanted, how = labels.get(matcher.name, ""), matcher.value, str(matcher.op)
        if how == "MatchOp.Equal":
            fits = value == wanted
        elif how == "MatchOp.NotEqual":
            fits = value != wanted
        else:
            fits = bool(re.fullmatch(wanted, value)) != (how == "MatchOp.NotRe")
        if not fits:
            return False
    return True


def _select(world: World, node: Any, times: Array, per_second: bool) -> list[Vector]:
    """Series of a selector; of counters the rate, or the count since the epoch."""
    if node.name is None or node.at is not None or node.matchers.or_matchers:
        raise Unsupported("a selector without a name, with @ or with “or” is not supported here")
    if node.name not in METRICS:
        return []
    if node.offset is not None:
        times = times - node.offset.total_seconds()
    short, kinds, counts = METRICS[node.name]
    found = []
    for service, runs in SERVICES.items():
        if kinds and runs.kind not in kinds:
            continue
        base = {"__name__": node.name, "service": service}
        for labels, values in _series(world, service, short, base, times):
            if _matches(node.matchers, labels):
                if counts and not per_second:
                    values = np.cumsum(values) * (times[1] - times[0] if len(times) > 1 else 1)
                found.append(Vector(labels, values))
    return found


def _series(
    world: World, service: str, short: str, labels: dict[str, str], times: Array
) -> list[tuple[dict[str, str], Array]]:
    if not short:
        constant = 1.0 if labels["__name__"] == "up" else DISK_SIZE
        return [(labels, np.full(len(times), constant))]
    values = world.level(service, short, times)
    if short == "disk":
        return [(labels, DISK_SIZE * (1 - np.minimum(values, 0.999)))]
    if short == "rate":
        errors = np.minimum(world.level(service, "errors", times), 1.0)
        return [
            ({**labels, "code": "200"}, values * (1 - errors)),
            ({**labels, "code": "500"}, values * errors),
        ]
    if short == "latency":
        rate = world.level(service, "rate", times)
        # Log-normal with a tail of three times the median at the 99th percentile.
        below = [_share_below(bound, values) for bound in BUCKETS]
        found = [
            ({**labels, "le": f"{bound:g}"}, rate * share)
            for bound, share in zip(BUCKETS, below, strict=True)
        ]
        return [*found, ({**labels, "le": "+Inf"}, rate)]
    return [(labels, values * PER_SECOND.get(short, 1.0))]


def _share_below(bound: float, median: Array) -> Array:
    z = (np.log(bound) - np.log(median)) / (np.log(3) / 2.326)
    return 1 / (1 + np.exp(-1.702 * z))


def _call(world: World, node: Any, times: Array) -> list[Vector]:
    name = node.func.name
    if name in ("rate", "increase", "irate"):
        matrix = node.args[0]
        if not isinstance(matrix, promql.MatrixSelector):
            raise Unsupported("subqueries are not supported here")
        seconds = matrix.range.total_seconds()
        step = seconds / 4
        total: list[Vector] = []
        for back in range(4):
            part = _select(world, matrix.vector_selector, times - back * step, per_second=True)
            if not total:
                total = part
            else:
                for vector, more in zip(total, part, strict=True):
                    vector.values = vector.values + more.values
        factor = seconds / 4 if name == "increase" else 0.25
        return [Vector(_unnamed(v.labels), v.values * factor) for v in total]
    if name == "histogram_quantile":
        if not isinstance(node.args[0], promql.NumberLiteral):
            raise Unsupported("a quantile that is not a plain number is not supported here")
        return _quantiles(node.args[0].val, _evaluate(world, node.args[1], times))
    raise Unsupported(f"the function {name} is not supported here")


def _unnamed(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "__name__"}


def _quantiles(quantile: float, buckets: list[Vector]) -> list[Vector]:
    """One for each set of labels beside `le`."""
    groups: dict[tuple[tuple[str, str], ...], list[Vector]] = {}
    for vector in buckets:
        if "le" in vector.labels:
            rest = {k: v for k, v in _unnamed(vector.labels).items() if k != "le"}
            groups.setdefault(tuple(sorted(rest.items())), []).append(vector)
    return [Vector(dict(key), _quantile(quantile, group)) for key, group in groups.items()]


def _quantile(quantile: float, buckets: list[Vector]) -> Array:
    """Linear interpolation within the bucket, as Prometheus does."""
    buckets = sorted(buckets, key=lambda vector: float(vector.labels["le"]))
    bounds = [float(vector.labels["le"]) for vector in buckets]
    counts = np.array([vector.values for vector in buckets])
    rank = quantile * counts[-1]
    bucket_of = np.argmax(counts >= rank, axis=0)
    values = np.empty(counts.shape[1])
    for column, row in enumerate(bucket_of):
        if row == len(bounds) - 1:
            values[column] = bounds[-2]
            continue
        low = bounds[row - 1] if row else 0.0
        under = counts[row - 1, column] if row else 0.0
        inside = counts[row, column] - under
        share = (rank[column] - under) / inside if inside > 0 else 1.0
        values[column] = low + (bounds[row] - low) * share
    return values


_AGGREGATES: dict[str, Callable[..., Array]] = {
    "sum": np.sum,
    "avg": np.mean,
    "max": np.max,
    "min": np.min,
}


def _aggregate(node: Any, vectors: list[Vector]) -> list[Vector]:
    operation = str(node.op)
    if operation != "count" and operation not in _AGGREGATES:
        raise Unsupported(f"the aggregation {operation} is not supported here")
    named = set(node.modifier.labels) if node.modifier else set()
    dropped = node.modifier is not None and str(node.modifier.type).endswith("Without")
    groups: dict[tuple[tuple[str, str], ...], list[Vector]] = {}
    for vector in vectors:
        labels = {k: v for k, v in _unnamed(vector.labels).items() if (k in named) != dropped}
        groups.setdefault(tuple(sorted(labels.items())), []).append(vector)
    result = []
    for key, members in groups.items():
        if operation == "count":
            values = np.full(len(members[0].values), float(len(members)))
        else:
            values = _AGGREGATES[operation]([member.values for member in members], axis=0)
        result.append(Vector(dict(key), values))
    return result


_OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def _binary(node: Any, left: list[Vector], right: list[Vector]) -> list[Vector]:
    if node.modifier is not None and (node.modifier.matching or node.modifier.return_bool):
        raise Unsupported("on, ignoring and bool are not supported here")
    if str(node.op) == "or":
        known = {tuple(sorted(_unnamed(one.labels).items())) for one in left}
        more = (o for o in right if tuple(sorted(_unnamed(o.labels).items())) not in known)
        return [*left, *more]
    operation = _OPERATIONS.get(str(node.op))
    if operation is None:
        raise Unsupported(f"the operator {node.op} is not supported here")
    result = []
    for one in left:
        for other in right:
            scalar = one.scalar or other.scalar
            if scalar or _unnamed(one.labels) == _unnamed(other.labels):
                with np.errstate(divide="ignore", invalid="ignore"):
                    values = operation(one.values, other.values)
                labels = _unnamed(one.labels or other.labels)
                result.append(Vector(labels, values, scalar=one.scalar and other.scalar))
    return result
