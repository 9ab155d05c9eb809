"""Posts deliveries at the rate of a plan, from a process of its own: python load.py < plan.json

The plan: address, secret, rate (a second, 0 for as fast as it goes), threads; seconds, deliveries
or a file that exists as long as it posts; and a name for the deliveries, where more than one plan
posts to the same product.
What it prints, as JSON: for each delivery its id, status and milliseconds.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def change(number: int, name: str) -> dict[str, Any]:
    return {"service": "svc-00", "title": f"{name}-{number}", "id": f"{name}-{number}"}


def storm(number: int, size: int, rules: int, services: int) -> dict[str, Any]:
    """One Alertmanager notification of a storm: `size` alerts of one rule."""
    rule = number % rules
    alerts = [
        {
            "status": "firing",
            "labels": {
                "alertname": f"Rule{rule:03d}", "service": f"svc-{(number + k) % services:02d}",
                "severity": "critical", "pod": f"p-{number}-{k}",
            },
            "annotations": {"summary": f"rule {rule} broke"},
            "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "fingerprint": f"{number}-{k}",
        }
        for k in range(size)
    ]  # fmt: skip
    return {"version": "4", "groupKey": f"rule {rule}", "status": "firing", "alerts": alerts}


def main() -> None:
    plan = json.load(sys.stdin)
    where = urlsplit(plan["address"])
    results: list[tuple[int, int, float]] = []
    lock, begun = threading.Lock(), time.monotonic()
    counter = iter(range(plan.get("deliveries") or 10**9))

    def next_number() -> int | None:
        with lock:
            number = next(counter, None)
        over = plan.get("seconds") and time.monotonic() - begun > plan["seconds"]
        over = over or (plan.get("while") and not Path(plan["while"]).exists())
        return None if over else number

    def work() -> None:
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
        headers = {"Authorization": f"Bearer {plan['secret']}", "Content-Type": "application/json"}
        while (number := next_number()) is not None:
            if plan["rate"]:
                time.sleep(max(0.0, begun + number / plan["rate"] - time.monotonic()))
            event = (
                storm(number, **plan["storm"])
                if plan.get("storm")
                else change(number, plan.get("name", "load"))
            )
            body = json.dumps(event)
            at = time.perf_counter()
            try:
                connection.request("POST", where.path, body, headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            results.append((number, status, (time.perf_counter() - at) * 1000))

    threads = [threading.Thread(target=work) for _ in range(plan["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"seconds": time.monotonic() - begun, "results": results}, sys.stdout)


if __name__ == "__main__":
    main()
