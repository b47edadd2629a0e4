"""The report: who is better, by how much, how sure, where, at what price, how honest, what ran."""

from scorers.report._contents import Contents, contents
from scorers.report._html import report_html
from scorers.report._pdf import report_pdf
from scorers.report._tables import Table, tables

__all__ = ["Contents", "Table", "contents", "report_html", "report_pdf", "tables"]
