"""From recorded episodes to numbers: scores, aggregates with intervals, leaderboards, reports.

Reads run folders (`harness.records`) and plain tables; asks no model and knows no provider.
"""

from scorers._aggregate import METRICS, aggregates
from scorers._board import by_task, leaderboard
from scorers._compare import compare, compare_by_task
from scorers._improvement import probability_of_improvement
from scorers._pairs import holm, pairwise, rank_sets
from scorers._profiles import curves, profile
from scorers._rates import clopper_pearson, wilson

__all__ = [
    "METRICS", "aggregates", "by_task", "clopper_pearson", "compare", "compare_by_task", "curves", "holm",
    "leaderboard", "pairwise", "probability_of_improvement", "profile", "rank_sets", "wilson",
]  # fmt: skip
