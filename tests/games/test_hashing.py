import enum
import struct
from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.hashing import observation_hash

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def kind(value):
    """Equality that tells 1 from 1.0 and True, and -0.0 from 0.0, as the hash does."""
    if isinstance(value, dict):
        return {key: kind(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kind(item) for item in value]
    return type(value).__name__, repr(value)


@given(VALUES, VALUES)
def test_equal_values_and_only_they_share_a_hash(one, two):
    assert (observation_hash(one) == observation_hash(two)) == (kind(one) == kind(two))


def test_arrays_count_with_type_and_shape():
    zeros = np.zeros(6, np.uint8)
    hashes = {
        observation_hash(array) for array in (zeros, zeros.reshape(2, 3), zeros.astype(np.int8), zeros[:5])
    }
    assert len(hashes) == 4
    assert observation_hash(np.zeros((4, 4))[::2, ::2]) == observation_hash(np.zeros((2, 2)))


def test_numpy_numbers_are_numbers():
    assert observation_hash({"a": np.int64(3), "b": np.float32(0.5)}) == observation_hash({"b": 0.5, "a": 3})


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([None])])
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError, match="raw observation cannot hold"):
        observation_hash(value)


def spelled_out(value):
    """The encoding, written to be read: every recorded hash is of this, so it must never change."""
    match value:
        case None:
            return b"n;"
        case bool() | np.bool_():
            return b"t;" if value else b"f;"
        case int() | np.integer():
            return b"i%d;" % int(value)
        case float() | np.floating():
            return b"d" + struct.pack("<d", float(value))
        case str():
            data = value.encode("utf-8", "surrogatepass")
            return b"s%d:" % len(data) + data
        case bytes():
            return b"b%d:" % len(value) + value
        case np.ndarray():
            return f"a{value.dtype.str}{value.shape}:".encode() + np.ascontiguousarray(value).tobytes()
        case Mapping():
            items = b"".join(
                spelled_out(str(key)) + spelled_out(value[key]) for key in sorted(value, key=str)
            )
            return b"m%d:" % len(value) + items
        case list() | tuple():
            return b"l%d:" % len(value) + b"".join(map(spelled_out, value))


class Number(enum.IntEnum):
    THREE = 3


class Table(dict):
    """A mapping of another class."""


ARRAYS = (
    np.arange(6, dtype=">u2").reshape(2, 3)[:, ::2],
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array(1.5, np.float32),
    np.zeros((0, 3), bool),
)
KEYS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(("1", "True", "a", "None"))
LEAVES = st.sampled_from(
    (*ARRAYS, Number.THREE, np.int8(-3), np.float32(0.1), np.True_, np.str_("é"), "\ud800")
)
ALL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3).map(Table) | st.tuples(inner, inner)
    ),
    max_leaves=10,
)  # fmt: skip


@given(ALL)
def test_the_hash_is_of_the_encoding_that_was_always_used(value):
    assert observation_hash(value) == blake2b(spelled_out(value), digest_size=16).hexdigest()
