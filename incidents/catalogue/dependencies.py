"""Walks over service dependencies, and finds cycles and core services that need lesser ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet

from incidents.models import Service

Key = TypeVar("Key", int, str)


def dependency_pairs(field: str = "pk") -> list[tuple[Any, Any]]:
    """Pairs (service, dependency) as values of `field`; the whole graph in one query."""
    pairs = Service.depends_on.through.objects.values_list(
        f"from_service__{field}", f"to_service__{field}"
    )
    return list(pairs)


def dependency_edges() -> dict[int, list[int]]:
    """The ids of the direct dependencies of each service, by id."""
    edges: dict[int, list[int]] = {}
    for service, dependency in dependency_pairs():
        edges.setdefault(service, []).append(dependency)
    return edges


def with_dependencies(edges: Mapping[Key, Iterable[Key]], service: Key) -> set[Key]:
    """A service and all its direct and indirect dependencies."""
    reached, front = {service}, [service]
    while front:
        front = [other for one in front for other in edges.get(one, ()) if other not in reached]
        reached.update(front)
    return reached


def direct_dependencies(services: Iterable[Service]) -> QuerySet[Service]:
    """The direct dependencies of `services`, without themselves."""
    keys = [service.pk for service in services]
    return Service.objects.filter(needed_by__in=keys).exclude(pk__in=keys).distinct()


@dataclass(frozen=True)
class DependencyPath:
    """Services of which each depends on the next."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return " → ".join(self.names)


def dependency_cycles(edges: Mapping[str, Iterable[str]]) -> list[DependencyPath]:
    """One cycle for each group of services that depend on each other, shortest first.

    Groups are strongly connected components (Tarjan, 1972), computed without recursion.
    """
    cycles = []
    for group in _components(edges):
        first = min(group)
        inside = {name: [o for o in edges.get(name, ()) if o in group] for name in group}
        path = _shortest_path(inside, first, {first})
        if path:
            cycles.append(DependencyPath(path))
    return sorted(cycles, key=lambda path: (len(path.names), path.names))


def core_needing_supplementary(
    edges: Mapping[str, Iterable[str]], tiers: Mapping[str, str]
) -> list[DependencyPath]:
    """For each core service the shortest path to a supplementary dependency, if any.

    A failure of anything on that path affects all users, whatever its tier.
    """
    lesser = {name for name, tier in tiers.items() if tier == "supplementary"}
    if not lesser:
        return []
    paths = []
    for name in sorted(name for name, tier in tiers.items() if tier == "core"):
        path = _shortest_path(edges, name, lesser)
        if path:
            paths.append(DependencyPath(path))
    return paths


def _shortest_path(
    edges: Mapping[str, Iterable[str]], start: str, ends: set[str]
) -> tuple[str, ...]:
    """Breadth-first search; `start` counts as an end only if a path leads back to it."""
    came_from: dict[str, str] = {}
    front = [start]
    while front:
        following = []
        for name in front:
            for other in sorted(edges.get(name, ())):
                if other in ends:
                    path = [other, name]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return tuple(reversed(path))
                if other not in came_from and other != start:
                    came_from[other] = name
                    following.append(other)
        front = following
    return ()


def _components(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[list[str]] = []
    for root in sorted(edges):
        if root in order:
            continue
        work = [(root, iter(sorted(edges.get(root, ()))))]
        order[root] = low[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, others = work[-1]
            for other in others:
                if other not in order:
                    order[other] = low[other] = len(order)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(edges.get(other, ())))))
                    break
                if other in on_stack:
                    low[name] = min(low[name], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == order[name]:
                    group: list[str] = []
                    while not group or group[-1] != name:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    components.append(group)
    return components
