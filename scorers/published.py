"""The published record: scores that others published, to be shown beside measured rows.

Each row has a source, a date, and a protocol in words that says what it can be compared with. They are
references, not measurements: `beside` marks them, and they have no seeds, so no test can take them up
(`scorers.pairwise` and `scorers.rank_sets` pair episodes by seed).

The tables are `results/published/*.csv` of the repository (`results/README.md` describes them); installed,
they are data of this package.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "board", "agent", "task", "metric", "score", "low", "high", "error", "error_kind", "runs", "date",
    "protocol", "source",
]  # fmt: skip
"""What a table of published scores holds; `results/README.md` says what each column means."""

MARK = "published"
"""What stands in the column `mark` of `beside`."""

_NUMBERS = ["score", "low", "high", "error", "runs"]
_NEVER_EMPTY = ["board", "agent", "task", "metric", "score", "date", "protocol", "source"]
_UNIQUE = ["board", "agent", "task", "metric", "source"]
_FOLDER = Path(__file__).parent / "data" / "published"
"""A link to `results/published` in the repository, the files themselves where the package is installed."""
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_REFERENCE = "atari-human-random"
_DQN_ZOO = {
    "date": "2023-12-10",
    "protocol": "mean of undiscounted returns of full episodes, 1 to 30 no-op starts, no sticky actions, "
    "at most 108,000 frames; human: a professional games tester",
    "source": "github.com/google-deepmind/dqn_zoo dqn_zoo/atari_data.py @45061f4",
}


def boards() -> list[str]:
    """The names of all boards."""
    return sorted(_all()["board"].unique())


def published(board: str) -> pd.DataFrame:
    """The rows of a board, by task, metric and score.

    Returns:
        The columns `COLUMNS`; numbers are float, and NaN where nothing was published.

    Raises:
        InputError: there is no such board, or a file is not such a table.
    """
    table = _all()
    rows = table[table["board"] == board]
    if rows.empty:
        raise InputError(_unknown(board))
    return _sorted(rows)


def beside(table: pd.DataFrame) -> pd.DataFrame:
    """The published rows that belong beside a table of episodes (`scorers.progress`).

    A row belongs where its task is one that was played, whatever the perturbations or the protocol it was
    played under, or is the game of one (`nethack`: a score over a whole game).

    Returns:
        `mark` (always ``published``) and the columns `COLUMNS`, by task, board, metric and score. `protocol`
        says what a number can be compared with: it is rarely the protocol of the table.

    Raises:
        InputError: a file is not a table of published scores.
    """
    played = {bare(str(task)) for task in table["task"].unique()}
    rows = _all()
    rows = rows[rows["task"].isin(played | {task.partition("/")[0] for task in played})]
    marked = _sorted(rows)
    marked.insert(0, "mark", MARK)
    return marked


def bare(task: str) -> str:
    """The task without protocol and perturbations: ``atari/pong`` of ``atari/pong@machado+sticky(p=0.1)``."""
    return re.split("[@+]", task, maxsplit=1)[0]


def read(path: Path) -> pd.DataFrame:
    """Read one file strictly.

    Raises:
        InputError: it cannot be read, has other columns, an empty cell that must not be empty, a number
            that is none, a date that is not YYYY, YYYY-MM or YYYY-MM-DD, or a row that stands twice.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not a CSV table: {' '.join(str(error).split())}") from None
    if list(table.columns) != COLUMNS:
        raise InputError(f"{path} has other columns than a table of published scores: {', '.join(COLUMNS)}")
    _check_text(table, path)
    for name in _NUMBERS:
        table[name] = _numbers(table[name], path)
    twice = table.duplicated(_UNIQUE)
    if twice.any():
        raise InputError(f"{_line(path, twice)}: the same agent, task, metric and source stand twice")
    return table


def _check_text(table: pd.DataFrame, path: Path) -> None:
    for name in _NEVER_EMPTY:
        empty = table[name].str.strip() == ""
        if empty.any():
            raise InputError(f"{_line(path, empty)}: {name} is empty")
    wrong = ~table["date"].str.fullmatch(_DATE)
    if wrong.any():
        raise InputError(f"{_line(path, wrong)}: date {table['date'][wrong].iloc[0]!r} is not YYYY-MM-DD")
    bare_error = (table["error"] != "") & (table["error_kind"] == "")
    if bare_error.any():
        raise InputError(f"{_line(path, bare_error)}: error_kind does not say what the error is")


def _numbers(column: pd.Series[str], path: Path) -> pd.Series[float]:
    import pandas as pd

    numbers = pd.to_numeric(column.where(column != ""), errors="coerce").astype(np.float64)
    wrong = (numbers.isna() & (column != "")) | np.isinf(numbers)
    if wrong.any():
        raise InputError(f"{_line(path, wrong)}: {column.name} {column[wrong].iloc[0]!r} is not a number")
    return numbers


def _line(path: Path, rows: pd.Series[bool]) -> str:
    return f"{path}, line {int(np.flatnonzero(rows)[0]) + 2}"


@cache
def _all() -> pd.DataFrame:
    """All rows of all files, and the human and random scores of Atari."""
    import pandas as pd

    if not _FOLDER.is_dir():
        raise InputError(f"{_FOLDER} is not a folder; it should be a link to results/published, or data")
    files = [path for path in sorted(_FOLDER.glob("*.csv")) if not _is_of_runs(path)]
    return pd.concat([*map(read, files), _atari_reference()], ignore_index=True)


def _is_of_runs(path: Path) -> bool:
    """Whether a file has one row a run, as `scorers.tables` reads it, and no row of a board."""
    with path.open(encoding="utf-8") as lines:
        return "run" in lines.readline().strip().split(",")


def _atari_reference() -> pd.DataFrame:
    """The table that scores are normalised by, in the columns of all others."""
    from scorers.tables import atari_reference

    wide = atari_reference().reset_index()
    rows = wide.melt(id_vars="game", value_vars=["human", "random"], var_name="agent", value_name="score")
    rows["task"] = "atari/" + rows["game"]
    rows = rows.assign(board=_REFERENCE, metric="score", error_kind="", **_DQN_ZOO)
    return rows.reindex(columns=COLUMNS).astype(dict.fromkeys(_NUMBERS, np.float64))


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    by = ["task", "board", "metric", "score", "agent"]
    return rows.sort_values(by, ascending=[True, True, True, False, True], ignore_index=True)


def _unknown(board: str) -> str:
    names = boards()
    close = difflib.get_close_matches(board, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
    return f"unknown board {board!r}; {hint}"
