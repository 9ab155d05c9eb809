"""Escapes in JSON that spell what no database stores."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import json_text

HALF = '"' + "\\ud800" + '"'
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param(HALF, "\N{REPLACEMENT CHARACTER}", id="half of a pair"),
        pytest.param('"\\uDC00x"', "\N{REPLACEMENT CHARACTER}x", id="the other half"),
        pytest.param(f'{{{HALF}: [{HALF}]}}',
                     {"\N{REPLACEMENT CHARACTER}": ["\N{REPLACEMENT CHARACTER}"]}, id="nested"),
        pytest.param('"\\ud83d\\ude00"', "\N{GRINNING FACE}", id="a whole pair stays"),
        pytest.param(b'"\\ud800"', "\N{REPLACEMENT CHARACTER}", id="bytes"),
    ],
)  # fmt: skip
def test_halves_of_pairs_are_replaced(written: str | bytes, read: object) -> None:
    found = json_text.loads(written)
    assert found == read
    json.dumps(found, ensure_ascii=False).encode()


@given(VALUES)
def test_all_other_json_is_read_as_it_is(value: object) -> None:
    assert json_text.loads(json.dumps(value)) == value
    assert json_text.loads(json.dumps(value, ensure_ascii=False)) == value
