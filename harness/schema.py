"""The JSON Schema of a run folder, made from the models that write and read it."""

from __future__ import annotations

from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from harness.records import SCHEMA, Line, RunRecord

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one line of an episode file.

    ``$defs`` holds every kind of line by its class's name, `RunRecord` (run.json) among them. It holds for
    all versions up to `SCHEMA`: fields that older ones do not have are not required.
    """
    kinds = get_args(Line)
    _, made = models_json_schema([(model, "validation") for model in (*kinds, RunRecord)])
    definitions: dict[str, Any] = made["$defs"]
    for kind in kinds:
        # It has a default for those who make lines; in a file it tells which kind a line is.
        definitions[kind.__name__]["required"].insert(0, "kind")
    return {
        "$schema": DIALECT,
        "title": f"A line of a Ludometer episode, schema {SCHEMA}",
        "description": "run.json is the definition RunRecord. What the files are: docs/run-folder.md.",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds],
        "$defs": definitions,
    }
