"""Texts as vectors of their meaning, by a sentence-embedding model in ONNX form (optional).

The folder of a model has `model.onnx`, by itself or in `onnx/`, and `tokenizer.json`, as models of
the sentence-transformers family are exported. Reimers and Gurevych, "Sentence-BERT" (EMNLP 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.process_cache import ProcessCache

PACKAGES = ("onnxruntime", "tokenizers")
LONGEST = 128
"""Tokens of a text that are read: about as many as title and first sentences have."""
BATCH = 32
CACHED = 5_000


class UnusableModel(Exception):
    """The model cannot be used; the message says why and how to mend it."""


class Embedder:
    """Turns texts into vectors; loads the model when the first text comes."""

    def __init__(self, folder: Path) -> None:
        """Raises UnusableModel if packages or files are missing."""
        missing = [name for name in PACKAGES if find_spec(name) is None]
        if missing:
            raise UnusableModel(
                f"{' and '.join(missing)} not installed: "
                "pip install --require-hashes -r requirements-semantic.txt"
            )
        self.folder = folder
        self._model = _first_file(folder, "onnx/model.onnx", "model.onnx")
        self._vocabulary = _first_file(folder, "tokenizer.json")
        self._loaded: tuple[Any, Any] | None = None
        # Saves 4 to 15 ms for each text, most of which are causes that come again and again.
        self._vectors: ProcessCache[str, NDArray[np.float32]] = ProcessCache("embeddings", CACHED)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row of length 1 for each text. float32[len(texts), dimensions]

        Raises UnusableModel if the files are not what their names say.
        """
        found = self._vectors.get_many(list(dict.fromkeys(texts)), self._embed_new)
        return np.stack([found[text] for text in texts])

    def _embed_new(self, texts: list[str]) -> dict[str, NDArray[np.float32]]:
        try:
            batches = [
                self._run(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)
            ]
        except Exception as error:  # The libraries raise bare exceptions of their own.
            raise UnusableModel(f"The model in {self.folder} cannot be used: {error}") from error
        return dict(zip(texts, np.concatenate(batches), strict=True))

    def _run(self, texts: list[str]) -> NDArray[np.float32]:
        tokenizer, session = self._loaded or self._load()
        encodings = tokenizer.encode_batch(texts)
        mask = np.array([each.attention_mask for each in encodings], dtype=np.int64)
        inputs = {
            "input_ids": np.array([each.ids for each in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([each.type_ids for each in encodings], dtype=np.int64),
        }
        wanted = {each.name for each in session.get_inputs()}
        output = session.run(
            None, {name: value for name, value in inputs.items() if name in wanted}
        )[0]
        if output.ndim == 3:
            # Token by token: the mean of the tokens that are text.
            weights = mask[:, :, None].astype(np.float32)
            output = (output * weights).sum(1) / np.maximum(weights.sum(1), 1)
        rows: NDArray[np.float32] = output.astype(np.float32)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return rows

    def _load(self) -> tuple[Any, Any]:
        runtime = import_module("onnxruntime")
        tokenizer = import_module("tokenizers").Tokenizer.from_file(str(self._vocabulary))
        tokenizer.enable_truncation(LONGEST)
        # As the model's file says, whose id differs from model to model; but no longer than needed.
        tokenizer.enable_padding(**(tokenizer.padding or {}) | {"length": None})
        options = runtime.SessionOptions()
        # Requests already share the cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = runtime.InferenceSession(
            str(self._model), options, providers=["CPUExecutionProvider"]
        )
        self._loaded = tokenizer, session
        return self._loaded


def _first_file(folder: Path, *names: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UnusableModel(f"{folder} has no {' or '.join(names)}")
