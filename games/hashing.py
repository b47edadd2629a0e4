"""The hash of a raw observation: the same value gives the same hash in every process, on every day."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
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
    digest = blake2b(digest_size=16)
    for part in _encode(raw):
        digest.update(part)
    return digest.hexdigest()


def _encode(value: Any) -> Iterator[bytes]:
    match value:
        case None:
            yield b"n;"
        case bool() | np.bool_():
            yield b"t;" if value else b"f;"
        case int() | np.integer():
            yield b"i%d;" % int(value)
        case float() | np.floating():
            yield b"d" + struct.pack("<d", float(value))
        case str():
            data = value.encode("utf-8", "surrogatepass")
            yield b"s%d:" % len(data) + data
        case bytes():
            yield b"b%d:" % len(value) + value
        case np.ndarray():
            yield from _encode_array(value)
        case Mapping():
            yield b"m%d:" % len(value)
            for key in sorted(value, key=str):
                yield from _encode(str(key))
                yield from _encode(value[key])
        case list() | tuple():
            yield b"l%d:" % len(value)
            for item in value:
                yield from _encode(item)
        case _:
            raise TypeError(
                f"a raw observation cannot hold {type(value).__name__}; use arrays or plain values"
            )


def _encode_array(array: np.ndarray[Any, Any]) -> Iterator[bytes]:
    if array.dtype.hasobject:
        raise TypeError("a raw observation cannot hold an array of Python objects")
    yield f"a{array.dtype.str}{array.shape}:".encode()
    yield np.ascontiguousarray(array).tobytes()
