"""The processes of bin/up under supervisord: how they are started, and what they do now."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ProtocolError, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from config import env
from config.local.claim import write_private
from config.local.sockets import socket_folder
from config.local.tied_process import tied

AGAIN_AFTER = 3.0
"""Seconds until a process that supervisord gave up is started again."""
STOP_WITHIN = 15
LOG_BYTES = 5_000_000
FREE_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "1048576"}
"""glibc stores what a thread freed for that thread: each that checked one password had 16 MB."""
UNREACHABLE = (OSError, Fault, ProtocolError)
WHO = "causebook"
"""A name and password, as supervisord warns without. What protects the socket are its rights."""


@dataclass(frozen=True)
class Program:
    name: str
    command: Sequence[str]
    serves: int = 100
    """started before those with a higher number, and stopped after them"""
    stop_signal: str = "TERM"
    log: Path | None = None
    """where its output goes instead of the terminal"""
    stops_children: bool = False
    """whether it ends its own processes in order, so that the signal is for it alone"""

    def section(self) -> str:
        # supervisord expands names of log files twice.
        log = _escaped(str(self.log)) if self.log else "/dev/fd/1"
        lines = {
            "command": shlex.join(self.command),
            "directory": str(env.ROOT),
            "priority": str(self.serves),
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "2",
            "stopsignal": self.stop_signal,
            "stopasgroup": "false" if self.stops_children else "true",
            "killasgroup": "true",
            "stopwaitsecs": str(STOP_WITHIN),
            "stdout_logfile": log,
            "stdout_logfile_maxbytes": str(LOG_BYTES if self.log else 0),
            "stdout_logfile_backups": "1",
            "redirect_stderr": "true",
        }
        settings = "".join(f"{name}={_escaped(value)}\n" for name, value in lines.items())
        variables = {"CAUSEBOOK_PROCESS": self.name, "PYTHONUNBUFFERED": "1", **FREE_MEMORY}
        environment = ",".join(f'{name}="{value}"' for name, value in variables.items())
        return f"[program:{self.name}]\n{settings}environment={environment}\n"


@dataclass(frozen=True)
class ProcessState:
    name: str
    state: str
    """RUNNING, STARTING, BACKOFF, STOPPED, FATAL …"""
    pid: int
    seconds: int
    """since it started"""

    @property
    def runs(self) -> bool:
        return self.state == "RUNNING"


class Supervisor:
    """supervisord with the programs of a data folder, as a child of this process."""

    def __init__(self, data: Path, inherited: int) -> None:
        self._data, self._inherited = data, inherited
        self._config = data / "supervisord.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self._given_up: dict[str, float] = {}

    def configure(self, programs: Iterable[Program]) -> None:
        write_private(self._config, configuration(self._data, programs))

    def start(self) -> None:
        # Through a pipe: the programs reopen /dev/fd/1, and would overwrite a file.
        self._process = subprocess.Popen(
            tied([sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)]),
            stdout=subprocess.PIPE,
            pass_fds=[self._inherited],
            # Ctrl-C goes to bin/up alone, which stops them in order.
            start_new_session=True,
        )
        threading.Thread(target=_print_lines, args=[self._process.stdout], daemon=True).start()

    def add_new(self) -> None:
        """Start the programs that `configure` added since the start."""
        server = proxy(self._data)
        [[added, _, _]] = server.supervisor.reloadConfig()
        for name in added:
            server.supervisor.addProcessGroup(name)

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def all_run(self) -> bool:
        found = states(self._data)
        return bool(found) and all(each.runs for each in found)

    def gave_up(self, name: str) -> bool:
        """Whether `name` cannot be expected to run soon."""
        fatal = any(each.name == name and each.state == "FATAL" for each in states(self._data))
        return self.has_ended or fatal

    def terminate(self) -> None:
        if self._process:
            self._process.terminate()

    def wait(self) -> None:
        if self._process:
            self._process.wait()

    def revive(self) -> None:
        """Start again what supervisord gave up; what is ill for long comes back by itself."""
        now = time.monotonic()
        for each in states(self._data):
            if each.runs and self._given_up.pop(each.name, 0.0):
                print(f"{each.name} runs again.", flush=True)
            if each.state != "FATAL":
                continue
            if each.name not in self._given_up:
                print(f"{each.name} does not start; trying again …", flush=True)
            elif now - self._given_up[each.name] < AGAIN_AFTER:
                continue
            self._given_up[each.name] = now
            proxy(self._data).supervisor.startProcess(each.name, False)


def configuration(data: Path, programs: Iterable[Program]) -> str:
    control = _escaped(str(_control_socket(data)))
    # Said aloud, or supervisord warns of it at each start.
    who = "user=root\n" if os.geteuid() == 0 else ""
    parts = [
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\nloglevel=warn\n"
        f"pidfile={_escaped(str(data / 'supervisord.pid'))}\n{who}",
        f"[unix_http_server]\nfile={control}\nchmod=0700\nusername={WHO}\npassword={WHO}\n",
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
        *(program.section() for program in programs),
    ]
    return "\n".join(parts)


def proxy(data: Path) -> Any:
    """supervisord's own XML-RPC interface; calls raise one of UNREACHABLE."""
    transport = SupervisorTransport(WHO, WHO, f"unix://{_control_socket(data)}")
    return ServerProxy("http://localhost", transport)


def states(data: Path) -> list[ProcessState]:
    """What each process does now; empty where supervisord does not answer."""
    try:
        found = proxy(data).supervisor.getAllProcessInfo()
    except UNREACHABLE:
        return []
    return [
        ProcessState(
            each["name"], each["statename"], each["pid"],
            max(0, each["now"] - each["start"]) if each["pid"] else 0,
        )
        for each in found
    ]  # fmt: skip


def _control_socket(data: Path) -> Path:
    return socket_folder(data) / "supervisor.sock"


def _escaped(value: str) -> str:
    """A percent sign is supervisord's way to name a variable."""
    return value.replace("%", "%%")


def _print_lines(stream: Any) -> None:
    for line in stream:
        print(line.decode(errors="replace"), end="", flush=True)
