"""The hash of a raw observation: the same value gives the same hash in every process, on every day."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np


def observation_hash(raw: Any) -> str:
    """The 128-bit BLAKE2b hash, in hex, of arrays, numbers, strings, and dicts and lists of them.

    Every value is encoded with its type and length, so that no two different values share an
    encoding. Arrays count with their type and shape; a dict's order does not matter.

    Raises:
        TypeError: there is something else in it.
    """
    parts: list[bytes] = []
    _encode(raw, parts)
    return blake2b(b"".join(parts), digest_size=16).hexdigest()


# A step is hashed where it is played and again where a run is verified: what follows is written for speed.


def _encode(value: Any, parts: list[bytes]) -> None:
    (_ENCODERS.get(type(value)) or _encoder(value))(value, parts)


def _encoder(value: Any) -> _Encoder:
    """The encoder of a value whose class is none of the plain ones: a subclass, or NumPy's own number."""
    for kinds, encoder in _KINDS:
        if isinstance(value, kinds):
            return encoder
    raise TypeError(f"a raw observation cannot hold {type(value).__name__}; use arrays or plain values")


def _none(_: None, parts: list[bytes]) -> None:
    parts.append(b"n;")


def _bool(value: Any, parts: list[bytes]) -> None:
    parts.append(b"t;" if value else b"f;")


def _int(value: Any, parts: list[bytes]) -> None:
    parts.append(b"i%d;" % int(value))


_pack = struct.Struct("<d").pack


def _float(value: Any, parts: list[bytes]) -> None:
    parts.append(b"d" + _pack(float(value)))


def _str(value: str, parts: list[bytes]) -> None:
    parts.append(_short(value) if len(value) < _SHORT else _text(value))


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


_SHORT = 64
"""Characters of a text whose encoding is kept: names come again and again."""

_short = lru_cache(4096)(_text)


def _bytes(value: bytes, parts: list[bytes]) -> None:
    parts.append(b"b%d:%b" % (len(value), value))


def _array(value: np.ndarray[Any, Any], parts: list[bytes]) -> None:
    parts.append(_array_head(value.dtype, value.shape))
    parts.append(value.tobytes())


@lru_cache(1024)
def _array_head(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    if dtype.hasobject:
        raise TypeError("a raw observation cannot hold an array of Python objects")
    return f"a{dtype.str}{shape}:".encode()


def _mapping(value: Mapping[Any, Any], parts: list[bytes]) -> None:
    parts.append(b"m%d:" % len(value))
    keys = tuple(value)
    for key, head in _known(keys) or _in_order(keys):
        parts.append(head)
        item = value[key]
        (_ENCODERS.get(type(item)) or _encoder(item))(item, parts)


@lru_cache(1024)
def _known(keys: tuple[Any, ...]) -> list[tuple[Any, bytes]] | None:
    """`_in_order`, kept: dicts with the same keys come again and again.

    None where a key is no text: 1 and True are the same key to a cache, and are written differently.
    """
    return _in_order(keys) if all(isinstance(key, str) for key in keys) else None


def _in_order(keys: tuple[Any, ...]) -> list[tuple[Any, bytes]]:
    """A dict's keys sorted by their text, each with its encoding."""
    heads: list[bytes] = []
    order = sorted(keys, key=str)
    for key in order:
        _str(str(key), heads)
    return list(zip(order, heads, strict=True))


def _sequence(value: Sequence[Any], parts: list[bytes]) -> None:
    append = parts.append
    append(b"l%d:" % len(value))
    for item in value:
        kind = type(item)
        if kind is int:  # the commonest without a call
            append(b"i%d;" % item)
        elif kind is str and len(item) < _SHORT:
            append(_short(item))
        else:
            (_ENCODERS.get(kind) or _encoder(item))(item, parts)


_Encoder = Callable[[Any, list[bytes]], None]

_KINDS: tuple[tuple[Any, _Encoder], ...] = (
    ((bool, np.bool_), _bool),
    ((int, np.integer), _int),
    ((float, np.floating), _float),
    (str, _str),
    (bytes, _bytes),
    (np.ndarray, _array),
    (Mapping, _mapping),
    ((list, tuple), _sequence),
)
"""In the order of asking: a bool is an int as well."""

_ENCODERS: dict[type, _Encoder] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    bytes: _bytes,
    np.ndarray: _array,
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
}
"""The plain classes, looked up."""
