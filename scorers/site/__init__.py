"""The leaderboard site: static pages, one board for each suite, from run folders that were verified."""

from scorers.site._pages import Submission, index_html

__all__ = ["Submission", "index_html"]
