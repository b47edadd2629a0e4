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
