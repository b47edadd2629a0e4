"""What every scorer must do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from harness.records import (
    End,
    Ending,
    Episode,
    Failure,
    Header,
    ObservationRecord,
    ProgressRecord,
    Start,
    UsageRecord,
)
from harness.testing._samples import loaded


def episode(index: int, *, progress: float | None, agent: str = "direct", binary: bool = False) -> Episode:
    """A recorded episode; without progress it failed. `binary`: its measure is success."""
    parts = {"success": progress or 0.0} if binary else {}
    measure = ProgressRecord(value=progress or 0.0, parts=parts)
    header = Header(
        episode=f"{agent}/toy/{index:04d}",
        suite="kit",
        suite_version="1",
        task="toy/corridor",
        index=index,
        seed=index,
        agent=agent,
        resolved=agent,
        model=None,
        config_hash="0",
        versions={},
        started="2026-01-01T00:00:00+00:00",
    )
    start = Start(
        instructions="",
        observation=ObservationRecord(),
        hash="",
        progress=ProgressRecord(value=0.0),
        max_steps=9,
    )
    if progress is None:
        lost = Failure(turn=0, outcome="api_error", error="TransientError", message="503")
        return Episode(header=header, start=start, failures=[lost])
    end = End(
        ending=Ending.TERMINATED,
        progress=measure,
        episode_return=progress,
        steps=3,
        turns=3,
        usage=UsageRecord(),
        cost=0.0,
        seconds=0.1,
        observation=ObservationRecord(),
    )
    return Episode(header=header, start=start, end=end)


class ScorerContract:
    """Subclass, and say which: ``plugin`` is an entry point's name or a factory."""

    plugin: Any

    def table(self, *episodes: Episode) -> pd.DataFrame:
        """The scorer's table of some episodes."""
        scored: pd.DataFrame = loaded("scorers", self.plugin)().score(episodes)
        return scored

    def test_has_one_row_an_episode(self) -> None:
        """Rows name agent, task and index, in the order of the episodes."""
        table = self.table(episode(0, progress=0.5), episode(1, progress=1.0))
        assert {"agent", "task", "index", "score"} <= set(table.columns)
        assert list(table["index"]) == [0, 1]
        assert list(table["task"]) == ["toy/corridor"] * 2

    def test_a_failure_is_missing_not_zero(self) -> None:
        """An episode that failed has no score."""
        table = self.table(episode(0, progress=None), episode(1, progress=0.0))
        assert table["score"].isna().tolist() == [True, False]

    def test_is_repeatable(self) -> None:
        """The same episodes give the same table."""
        episodes = [episode(n, progress=n / 4) for n in range(5)]
        pd.testing.assert_frame_equal(self.table(*episodes), self.table(*episodes))

    def test_no_episodes_give_an_empty_table(self) -> None:
        """Nothing recorded is an empty table with its columns."""
        table = self.table()
        assert len(table) == 0
        assert "score" in table.columns
