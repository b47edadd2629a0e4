"""From recorded episodes to numbers: scores, aggregates with intervals, leaderboards, reports.

Reads run folders (`harness.records`) and plain tables; asks no model and knows no provider.
"""

from scorers._aggregate import METRICS, aggregates
from scorers._board import by_task, leaderboard
from scorers._compare import compare, compare_by_task
from scorers._improvement import probability_of_improvement
from scorers._pairs import holm, pairwise, pairwise_by_task, rank_sets, worse_than_baseline
from scorers._planning import detectable_difference, episodes_needed
from scorers._profiles import curves, profile
from scorers._rates import clopper_pearson, rate_words, wilson
from scorers._sequential import sequential

__all__ = [
    "METRICS", "aggregates", "by_task", "clopper_pearson", "compare", "compare_by_task", "curves",
    "detectable_difference", "episodes_needed", "holm", "leaderboard", "pairwise", "pairwise_by_task",
    "probability_of_improvement", "profile", "rank_sets", "rate_words", "sequential", "wilson",
    "worse_than_baseline",
]  # fmt: skip
