"""Files that are written row by row, and are there whole or not at all."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from harness.errors import CannotWrite, InputError

Columns = Mapping[str, type]
"""Name → str, int, float, bool, or list (of texts). Every cell may also be None."""

Row = Mapping[str, Any]

_ROWS = 20_000
_CHARACTERS = 8_000_000
"""A row group is written when it holds so many rows or so much text: what stays in memory at a time."""


class Writer(Protocol):
    """Takes the rows of one table."""

    def write(self, row: Row) -> None:
        """Add a row."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name to write to, which becomes `path` at the end; after an error nothing is left of it.

    Raises:
        CannotWrite: there is no room, or no permission; what was at `path` stays.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as stream:
            temporary = Path(stream.name)
        yield temporary
        temporary.chmod(0o644)  # temporary files are made for their owner alone; what is exported is for all
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise CannotWrite(path, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


class Csv:
    """RFC 4180, UTF-8; texts always in quotes, numbers never, nothing that a spreadsheet computes."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._columns = columns
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, row: Row) -> None:
        """Add a row."""
        self._writer.writerow([_cell(row[name]) for name in self._columns])

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return plain_text(json.dumps(value, ensure_ascii=False))
    return plain_text(value) if isinstance(value, str) else value


_FORMULA = tuple("=+-@＝＋－＠\t\r\n'")


def plain_text(text: str) -> str:
    """A text that a spreadsheet shows and never computes: an apostrophe before what would begin a formula.

    Texts that begin with an apostrophe get one too, so that taking the first apostrophe of a cell away
    gives every text back. A NUL, where spreadsheets end a text, becomes its symbol (U+2400).
    Why: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = text.replace("\0", "\u2400")
    # Leading spaces are dropped by some before they look for a formula.
    return "'" + text if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


class Parquet:
    """Row groups through pyarrow, compressed with zstd."""

    def __init__(self, path: Path, columns: Columns) -> None:
        pa, pq = _pyarrow()
        kinds = {
            str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(),
            list: pa.list_(pa.string()),
        }  # fmt: skip
        self._schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
        self._table = pa.Table
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._characters = 0

    def write(self, row: Row) -> None:
        """Add a row."""
        self._rows.append(row)
        self._characters += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(self._rows) >= _ROWS or self._characters >= _CHARACTERS:
            self._flush()

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        try:
            if self._rows:
                self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        except (OverflowError, ValueError) as error:  # Arrow's own are ValueErrors
            raise InputError(f"Parquet cannot hold this run: {error}; use --format csv") from None
        self._rows, self._characters = [], 0


def _pyarrow() -> Sequence[Any]:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError:
        raise InputError('Parquet needs pyarrow: pip install "ludometer[parquet]"') from None
    return pa, pq


FORMATS: Mapping[str, type[Csv] | type[Parquet]] = {"csv": Csv, "parquet": Parquet}
