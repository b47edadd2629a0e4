"""The lines of an episode file as plain dicts: what `harness.records` accepts, in half the time.

Making an object of every message of every request costs more than a step of a quick game.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, from_json

from harness.records import Line, TornLine, read_lines, to_json

Plain = dict[str, Any]
"""One line, every field present."""


def plain_lines(path: Path) -> Iterator[Plain]:
    """The lines of an episode file.

    Raises:
        TornLine: the last line has no end; all lines before it were yielded.
        InputError: another line is not one of ours, as `harness.records.read_lines` says it.
    """
    read, offset = _reader().validate_json, 0
    with path.open("rb") as stream:
        for raw in stream:
            if not raw.endswith(b"\n"):
                raise TornLine(path, offset)
            try:
                line: Plain = read(raw)
            except ValidationError:
                for _ in read_lines(path):  # refuses it with its own words
                    pass
                raise
            yield line
            offset += len(raw)


def plain(line: BaseModel) -> Plain:
    """A line as it would be read back: without keys, and with what UTF-8 has no signs for replaced."""
    found: Plain = from_json(to_json(line))
    return found


@cache
def _reader() -> SchemaValidator:
    """The schema of the records with dicts in place of objects."""
    schema: Any = TypeAdapter(Annotated[Line, Field(discriminator="kind")]).core_schema
    return SchemaValidator(_with_dicts(schema))


def _with_dicts(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(map(_with_dicts, schema))
    if isinstance(schema, BaseModel):  # the default of a field
        return schema.model_dump()
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") != "model":
        return {key: _with_dicts(value) for key, value in schema.items() if key != "serialization"}
    fields = {
        name: {
            "type": "typed-dict-field",
            "required": field["schema"]["type"] != "default",
            "schema": _with_dicts(field["schema"]),
        }
        for name, field in schema["schema"]["fields"].items()
    }
    named = {"ref": schema["ref"]} if "ref" in schema else {}
    return {"type": "typed-dict", "fields": fields, "extra_behavior": "forbid", **named}
