"""The report: one HTML file that opens offline and answers who is better, by how much, how sure."""

from scorers.report._html import write_html

__all__ = ["write_html"]
