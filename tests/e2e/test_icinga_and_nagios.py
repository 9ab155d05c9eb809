"""A real Icinga 2 and a real Nagios notify as their guides say: the problem, and its end."""

from __future__ import annotations

import grp
import os
import pwd
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from incidents.intake import processing
from incidents.models import Alert, Service
from tests.conftest import tool
from tests.e2e.conftest import wait_for
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.e2e
GUIDES = Path(__file__).resolve().parents[2] / "docs" / "integrations"
OUTPUT = 'DISK CRITICAL - "/var" is full & at 96%'

ICINGA_OBJECTS = """
include <itl>
object CheckerComponent "checker" { }
object NotificationComponent "notification" { }
object CheckCommand "fine" { command = [ "/bin/true" ] }
object CheckCommand "disk" { command = [ "FOLDER/check" ] }
object Host "web-1" {
  check_command = "fine"
  check_interval = 1s
}
object Service "disk" {
  host_name = "web-1"
  check_command = "disk"
  check_interval = 1s
  retry_interval = 1s
  max_check_attempts = 1
  vars.causebook_service = "checkout"
}
"""
NAGIOS_OBJECTS = """
define timeperiod {
  timeperiod_name 24x7
  alias always
  DAYS
}
define command {
  command_name disk
  command_line FOLDER/check
}
define host {
  host_name web-1
  max_check_attempts 1
  contacts causebook
  notification_period 24x7
}
define service {
  host_name web-1
  service_description disk
  check_command disk
  max_check_attempts 1
  check_interval 1
  retry_interval 1
  check_period 24x7
  contacts causebook
  notification_period 24x7
  notification_interval 0
  _SERVICE checkout
}
""".replace("DAYS", "\n  ".join(
    f"{day}day 00:00-24:00" for day in "sun mon tues wednes thurs fri satur".split()
))  # fmt: skip
NAGIOS = """
cfg_file=FOLDER/objects.cfg
log_file=FOLDER/nagios.log
object_cache_file=FOLDER/objects.cache
precached_object_file=FOLDER/objects.precache
status_file=FOLDER/status.dat
state_retention_file=FOLDER/retention.dat
command_file=FOLDER/nagios.cmd
query_socket=FOLDER/nagios.qh
lock_file=FOLDER/nagios.lock
temp_file=FOLDER/temp
temp_path=FOLDER
log_archive_path=FOLDER
check_result_path=FOLDER
check_external_commands=0
interval_length=1
service_inter_check_delay_method=n
nagios_user=USER
nagios_group=GROUP
"""


def configured(kind: str, folder: Path, address: str, secret: str) -> list[str]:
    """The configuration of the guide, a host and a service; the command that starts it all."""
    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(os.getgid()).gr_name
    (block,) = re.findall(r"```(?:c|text)\n(.*?)```", (GUIDES / f"{kind}.md").read_text(), re.S)
    block = block.replace("https://causebook.example/hooks/SLUG/", address)
    block = block.replace("Bearer SECRET", f"Bearer {secret}")
    (folder / "check").write_text(f"#!/bin/sh\ncat {folder}/output\nexit $(cat {folder}/code)\n")
    (folder / "check").chmod(0o755)
    if kind == "icinga2":
        (folder / "objects.cfg").write_text(ICINGA_OBJECTS.replace("FOLDER", str(folder)) + block)
        own = [
            f"-D{name}={folder}" for name in "DataDir InitRunDir CacheDir SpoolDir LogDir".split()
        ]
        own += [f"-DRunAsUser={user}", f"-DRunAsGroup={group}", f"-DPidPath={folder}/pid"]
        return [tool("icinga2"), "daemon", "-c", f"{folder}/objects.cfg", *own]
    (folder / "objects.cfg").write_text(NAGIOS_OBJECTS.replace("FOLDER", str(folder)) + block)
    main = NAGIOS.replace("FOLDER", str(folder)).replace("USER", user).replace("GROUP", group)
    (folder / "nagios.cfg").write_text(main)
    return [tool("nagios4"), f"{folder}/nagios.cfg"]


def answer(folder: Path, code: int, output: str) -> None:
    (folder / "output").write_text(output)
    (folder / "code").write_text(str(code))


@pytest.mark.parametrize("kind", ["icinga2", "nagios"])
def test_a_check_that_fails_opens_an_alert_and_one_that_recovers_ends_it(
    kind: str, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("curl")
    monkeypatch.setenv("no_proxy", "*")
    Service.objects.create(name="checkout")
    integration, secret = make(kind)
    address = f"{live_server.url}/hooks/{integration.slug}/"
    answer(tmp_path, 2, OUTPUT)
    # Both are several processes, which end together.
    silent = subprocess.DEVNULL
    command = configured(kind, tmp_path, address, secret)
    running = subprocess.Popen(command, stdout=silent, stderr=silent, process_group=0)

    def alert() -> Alert | None:
        processing.process_waiting(1)
        return Alert.objects.first()

    try:
        found: Alert = wait_for(alert, 20, "The notification")
        assert found.name == "disk on web-1"
        assert str(found.service) == "checkout"
        assert found.severity == "CRITICAL"
        assert "full" in found.summary
        answer(tmp_path, 0, "DISK OK - 40%")
        wait_for(lambda: (now := alert()) and now.status == "resolved", 20, "The recovery")
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(10)
