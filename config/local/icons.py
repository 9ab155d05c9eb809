"""Draws the PNG icons from static/causebook/icon.svg: `bin/icons` after that file changed."""

from __future__ import annotations

from pathlib import Path

from resvg_py import svg_to_bytes

from config.env import ROOT

FOLDER = ROOT / "static" / "causebook"
SIZES = {"icon-32.png": 32, "icon-192.png": 192, "icon-512.png": 512}
"""Icons with the rounded corners of the SVG."""
FULL = {"touch-icon.png": (180, 0.8), "icon-maskable.png": (512, 0.7)}
"""Icons that the system cuts itself: pixels, and the share of them that the mark may take."""


def draw_icons(folder: Path = FOLDER) -> list[Path]:
    """Write every PNG to `folder`; returns their paths."""
    drawing = (FOLDER / "icon.svg").read_text()
    drawn = {name: _png(drawing, size) for name, size in SIZES.items()}
    for name, (size, share) in FULL.items():
        drawn[name] = _png(_without_corners(drawing, share), size)
    for name, data in drawn.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in drawn]


def _without_corners(drawing: str, share: float) -> str:
    """The drawing with its colour to the edge, and its mark made smaller around the middle."""
    margin = 16 * (1 - share)
    moved = f'<path transform="translate({margin} {margin}) scale({share})"'
    return drawing.replace(' rx="7"', "").replace("<path", moved)


def _png(drawing: str, size: int) -> bytes:
    return bytes(svg_to_bytes(svg_string=drawing, width=size, height=size))


if __name__ == "__main__":
    for path in draw_icons():
        print(path.relative_to(ROOT))
