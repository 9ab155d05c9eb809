#!/usr/bin/env python3
"""Creates the virtual environment with nothing but Python. Used by bin/up and bin/test.

By itself: bin/environment.py requirements-dev.txt
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INSTALLER = "requirements-installer.txt"
"""uv, Astral's installer: seconds where pip needs minutes."""
CONTAINED = {"requirements-dev.txt": ["requirements.txt"]}
"""Files whose packages another file lists too, in the same versions: they are installed with it."""
PIP_INSTALL = [
    str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
    # A package whose file is another than when it was pinned is refused.
    "--require-hashes",
]  # fmt: skip


def fail(sentence: str) -> None:
    """End with a sentence that says what to do, without a traceback."""
    print(sentence, file=sys.stderr)
    raise SystemExit(1)


def prepare(requirements: str) -> Path:
    """The Python of .venv with `requirements` installed; quick when nothing changed."""
    _install(requirements)
    _compile_catalogs()
    return PYTHON


def _install(requirements: str) -> None:
    # 3.11 is spelled out because this file must at least start on any Python 3.
    if sys.version_info < (3, 11):
        fail("Causebook needs Python 3.11 or newer. Start it with that: python3.11 bin/up")
    stamp = _stamp(requirements)
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == _digest(requirements):
        return
    if not os.access(ROOT, os.W_OK):
        fail(
            f"The folder {ROOT} is read-only. Copy it to where you may write, or change its owner."
        )
    if not PYTHON.exists():
        _make()
    print(f"Installing {requirements} (once) …", flush=True)
    if not _install_fast(requirements):
        done = subprocess.run([*PIP_INSTALL, "-r", str(ROOT / requirements)], check=False)
        if done.returncode:
            fail("pip could not install the requirements; see its message above. Run this again.")
    for name in (requirements, *CONTAINED.get(requirements, [])):
        _stamp(name).write_text(_digest(name))


def _compile_catalogs() -> None:
    """Texts in other languages, where a catalog is newer than what was compiled of it."""
    for file in (*ROOT.glob("locale/*/*/*.po"), *ROOT.glob("*/locale/*/*/*.po")):
        compiled = file.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime <= file.stat().st_mtime:
            # Pages are in English until it succeeds, which is no reason not to start.
            subprocess.run([str(PYTHON), "-m", "common.catalogs"], cwd=ROOT, check=False)
            return


def _stamp(requirements: str) -> Path:
    return VENV / f".{requirements}.installed"


def _digest(requirements: str) -> str:
    return hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def _install_fast(requirements: str) -> bool:
    """Install with uv; False where it is not to be had or fails, for pip says more about why."""
    command = [*PIP_INSTALL, "-r", str(ROOT / INSTALLER)]
    if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode:
        return False
    uv = str(VENV / "bin" / "uv")
    install = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), *_cache_option(uv)]
    done = subprocess.run(
        [*install, "--require-hashes", "-r", str(ROOT / requirements)],
        env={**os.environ, **_settings_of_pip()},
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def _cache_option(uv: str) -> list[str]:
    """uv ends where its cache cannot be written, as in a read-only home."""
    listed = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=False)
    folder = Path(listed.stdout.strip() or Path.home())
    while not folder.exists():
        folder = folder.parent
    return [] if os.access(folder, os.W_OK | os.X_OK) else ["--no-cache"]


def _settings_of_pip() -> dict[str, str]:
    """The package index and certificates that pip is configured to use; uv does not read that."""
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        variable = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}.get(
            name.rpartition(".")[2]
        )
        if variable and variable not in os.environ:
            found[variable] = ast.literal_eval(value)
    return found


def _make() -> None:
    try:
        import ensurepip
        import venv
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        fail(
            "Python's venv module is missing. On Debian and Ubuntu: "
            f"apt-get install python{version}-venv"
        )
    print("Creating .venv …", flush=True)
    try:
        ensurepip.version()
        venv.create(VENV, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        fail(f"{VENV} could not be created: {error}")


if __name__ == "__main__":
    prepare(sys.argv[1])
