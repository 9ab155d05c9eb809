"""A sentence-embedding model of a few words, in the form in which real ones are exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer

MEANINGS = [
    "storage disk volume space full",
    "login password sign certificate",
    "slow latency wait",
]
"""Words of a line mean the same to this model."""


def write_model(folder: Path) -> Path:
    vocabulary = {"[PAD]": 0, "[UNK]": 1}
    vectors = [[0.0] * len(MEANINGS), [0.01] * len(MEANINGS)]
    for line, words in enumerate(MEANINGS):
        for word in words.split():
            vocabulary[word] = len(vocabulary)
            vectors.append([float(each == line) for each in range(len(MEANINGS))])
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    (folder / "onnx").mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    output = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", len(MEANINGS)]
    )
    table = numpy_helper.from_array(np.array(vectors, dtype=np.float32), "table")
    look_up = helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    graph = helper.make_graph([look_up], "small", [ids, mask], [output], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "onnx" / "model.onnx"))
    return folder
