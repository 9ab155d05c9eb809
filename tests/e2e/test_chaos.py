"""Whatever ends, fills up or is set wrong under deliveries: nothing is lost, all comes back.

The limits hold on a machine that loads the product in three seconds; on a slower one they are as
much longer.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from config.local.supervision import states
from tests import migrated
from tests.conftest import tool
from tests.e2e.bin_up import Running, environment, processes_of
from tests.e2e.conftest import ROOT, answers, free_port, wait_for
from tests.embedded import Postgres

pytestmark = [pytest.mark.e2e, pytest.mark.clock, pytest.mark.timeout(600)]
RATE = 50
"""Deliveries a second."""
WEB_WITHIN, ALL_WITHIN, GIVE_UP = 5.0, 10.0, 90.0
LOADED_WITHIN = 3.0
DISK_MB = 800
PARTS = ["beat", "postgresql", "redis", "web", "worker"]
LIBRARY = f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1"
PREPARE = """
from incidents.models import *
Service.objects.create(name="svc-00", tier="normal")
made = Integration.objects.create(kind="change", name="change")
print("made", made.slug, IntegrationSecret.issue(made)[1])
"""


class Product:
    """What `bin/up` runs from the folder `data`."""

    def __init__(self, data: Path, parts: list[str], **environ: str) -> None:
        self.data, self.parts, self._environ = data, parts, environ
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.up = self.start()
        self.up.address_and_password()
        servers = json.loads((data / "servers.json").read_text())
        self.database = servers["DATABASE_URL"]
        made = subprocess.run(
            [sys.executable, "manage.py", "shell", "-c", PREPARE],
            cwd=ROOT, env=environment(**servers, CAUSEBOOK_DATA_DIR=str(data)),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = re.search(r"made (\S+) (\S+)", made.stdout)
        assert found
        self.hook, self.secret = f"{self.address}/hooks/{found[1]}/", found[2]

    def start(self) -> Running:
        log = self.data.parent.parent / "output.txt"
        data = {"CAUSEBOOK_DATA_DIR": str(self.data)}
        return Running(ROOT, "--port", str(self.port), log=log, **data, **self._environ)

    def stop(self) -> None:
        self.up.interrupt()
        assert processes_of(self.data) == []

    def serves(self) -> bool:
        return answers(f"{self.address}/livez")

    def runs(self) -> bool:
        """Whether each part runs and what is delivered is worked."""
        found = states(self.data)
        return [each.name for each in found if each.runs] == self.parts and self.works()

    def works(self) -> bool:
        try:
            before = self.ask("SELECT count(*) FROM incidents_change")
            time.sleep(0.3)
            return self.ask("SELECT count(*) FROM incidents_change") > before
        except psycopg.Error:
            return False

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            row = connection.execute(query).fetchone()
            return row[0] if row else None

    def kill(self, part: str) -> None:
        [process] = [each for each in states(self.data) if each.name == part]
        os.kill(process.pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Every process in the order the system has them, `bin/up` itself too."""
        children = psutil.Process(self.up.process.pid).children(recursive=True)
        for process in [psutil.Process(self.up.process.pid), *children]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.up.process.wait()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def product(folder: Path) -> Iterator[Product]:
    """The product on a small disk."""
    disk = folder / "disk"
    disk.mkdir()
    size = f"size={DISK_MB}m,mode=755"
    subprocess.run([tool("mount"), "-t", "tmpfs", "-o", size, "tmpfs", disk], check=True)
    try:
        product = Product(disk / "data", PARTS)
        yield product
        product.stop()
    finally:
        subprocess.run([tool("umount"), "--lazy", disk], check=True)


@pytest.fixture(scope="module")
def slowness() -> float:
    """How many times slower than an idle machine this one is now."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import config.wsgi"], cwd=ROOT, check=True)
    return max(1.0, (time.monotonic() - began) / LOADED_WITHIN)


@contextmanager
def deliveries(product: Product, name: str, seconds: float) -> Iterator[None]:
    """Posts while the block runs, and `seconds` at least; what was accepted is there, once."""
    plan = {
        "address": product.hook, "secret": product.secret, "name": name, "rate": RATE,
        "seconds": seconds, "threads": 8,
    }  # fmt: skip
    script = Path(__file__).with_name("load.py")
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps(plan))
    process.stdin.close()
    process.stdin = None
    wait_for(product.works, 30, "Working the first deliveries")
    yield
    answered = json.loads(process.communicate(timeout=GIVE_UP)[0])["results"]
    accepted = {f"{name}-{number}" for number, status, _ in answered if status == 202}
    assert len(accepted) > RATE
    waiting = "SELECT count(*) FROM incidents_delivery WHERE state = 'waiting'"
    wait_for(lambda: product.ask(waiting) == 0, GIVE_UP, "Working all deliveries")
    ids = "SELECT array_agg(external_id) FROM incidents_change WHERE external_id LIKE"
    stored = product.ask(f"{ids} '{name}-%'")
    assert len(stored) == len(set(stored))
    assert accepted <= set(stored)


def seconds_until(question: Callable[[], Any], what: str, since: float) -> float:
    wait_for(question, GIVE_UP, what)
    return time.monotonic() - since


def recovery(product: Product, since: float) -> tuple[float, float]:
    web = seconds_until(product.serves, "Pages", since)
    return web, seconds_until(product.runs, "All parts", since)


@pytest.mark.parametrize("part", [*PARTS, "the supervisor"])
def test_a_killed_part_comes_back(product: Product, slowness: float, part: str) -> None:
    with deliveries(product, part.replace(" ", ""), 8):
        since = time.monotonic()
        if part == "the supervisor":
            supervisor = f"supervisord -c {product.data}"
            [found] = [
                each
                for each in psutil.Process(product.up.process.pid).children()
                if supervisor in " ".join(each.cmdline())
            ]
            found.kill()
            # Its programs end with it, and are started by the next.
            found.wait(10)
        else:
            product.kill(part)
        web, everything = recovery(product, since)
        print(f"{part}: pages after {web:.1f} s, everything after {everything:.1f} s")
    assert web < WEB_WITHIN * slowness
    assert everything < ALL_WITHIN * slowness


def test_after_the_end_of_everything_a_start_brings_it_back(
    product: Product, slowness: float
) -> None:
    with deliveries(product, "everything", 8):
        product.kill_all()
        since = time.monotonic()
        product.up = product.start()
        web, everything = recovery(product, since)
        print(f"all at once: pages after {web:.1f} s, everything after {everything:.1f} s")
    # It starts PostgreSQL and migrates first.
    assert everything < 2 * ALL_WITHIN * slowness


def test_a_full_disk_refuses_and_loses_nothing(product: Product, slowness: float) -> None:
    ballast = product.data.parent / "ballast"
    with deliveries(product, "disk", 12):
        with ballast.open("wb") as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
        time.sleep(6)
        ballast.unlink()
        web, everything = recovery(product, time.monotonic())
        print(f"full disk: pages after {web:.1f} s, everything after {everything:.1f} s")
    assert everything < ALL_WITHIN * slowness


def test_a_clock_that_is_set_stops_nothing(
    folder: Path, slowness: float, saved_database: Path | None
) -> None:
    """PostgreSQL's, by which is decided what is due, leased or old."""
    clock = folder / "clock"
    clock.write_text("+0h")
    tool("faketime")
    # Not for Python: its sleep fails in Debian 12's libfaketime (its issue 426).
    postgres = Postgres(
        folder / "other", LD_PRELOAD=LIBRARY, FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_CACHE_DURATION="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    if saved_database and saved_database.exists():
        migrated.restore_into(postgres.url, saved_database)
    parts = [part for part in PARTS if part != "postgresql"]
    product = Product(folder / "other" / "data", parts, DATABASE_URL=postgres.url)
    sent = "SELECT last_at FROM incidents_scheduledrun WHERE name = 'sweep-intake'"
    now = product.ask("SELECT clock_timestamp()")
    for hours in (-3, 5):
        with deliveries(product, f"clock{hours}", 8):
            clock.write_text(f"{hours:+}h")
            time.sleep(2)
            assert abs(product.ask("SELECT clock_timestamp()") - now) > timedelta(hours=2)
            last, since = product.ask(sent), time.monotonic()
            took = seconds_until(lambda: product.ask(sent) != last, "A periodic task", since)  # noqa: B023
            web, everything = recovery(product, since)
            print(f"clock {hours:+} h: a periodic task after {took:.1f} s, all {everything:.1f} s")
        assert took < ALL_WITHIN * slowness
        assert max(web, everything) < ALL_WITHIN * slowness
    product.stop()
    postgres.stop()
