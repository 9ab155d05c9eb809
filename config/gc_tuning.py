"""Tuning of the garbage collector for servers."""

from __future__ import annotations

import gc


def freeze_loaded_objects() -> None:
    """Exclude all objects loaded so far from garbage collection: they live as long as the process.

    A response creates a few thousand small objects. With Python's default thresholds that means to
    scan everything loaded every few responses, which took a tenth of the time. Workers forked
    afterwards also share the memory, as the collector does not write into it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
