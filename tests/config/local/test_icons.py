"""The icons of browser and home screen are drawn from one SVG, and named by pages and manifest."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import resolve

from config.local.icons import FOLDER, draw_icons

MANIFEST = FOLDER / "manifest.webmanifest"


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_the_icons_are_those_that_the_script_draws(tmp_path: Path) -> None:
    drawn = draw_icons(tmp_path)
    assert len(drawn) == 5
    for path in drawn:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), f"Run bin/icons: {path.name}"


def test_the_manifest_makes_it_installable() -> None:
    manifest = json.loads(MANIFEST.read_text())
    assert manifest["display"] == "standalone"
    for address in (manifest["start_url"], *(each["url"] for each in manifest["shortcuts"])):
        assert resolve(address)
    sizes = {icon["sizes"]: icon["src"] for icon in manifest["icons"] if "purpose" not in icon}
    for wanted in (192, 512):
        assert size_of(FOLDER / sizes[f"{wanted}x{wanted}"]) == (wanted, wanted)
    masked = [icon for icon in manifest["icons"] if icon.get("purpose") == "maskable"]
    assert size_of(FOLDER / masked[0]["src"]) == (512, 512)


@pytest.mark.django_db
def test_every_page_names_icons_and_manifest_and_may_load_them(client: Client) -> None:
    page = client.get("/sign-in/")
    html = page.content.decode()
    for name in ("manifest.webmanifest", "touch-icon.png", "icon-32.png", "icon.svg"):
        assert f"/static/causebook/{name}" in html
        assert finders.find(f"causebook/{name}")
    assert "manifest-src 'self'" in page.headers["Content-Security-Policy"]
