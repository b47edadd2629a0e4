"""The report as a PDF: the same plots and tables on paper; what is folded away in HTML is left out."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import Any

from harness.errors import InputError
from scorers.report._contents import Contents
from scorers.report._html import SECTIONS, answer, heading, told
from scorers.report._tables import TEXT, Table, tables
from scorers.report._text import visible, visible_everywhere

_WIDTH = 760
"""Pixels of a plot's data rectangle."""

_SHARPNESS = 2.0
_SHARE = 0.7
"""Of the page's width that a plot takes."""

_BELOW = 90
"""Millimetres that are to be free below a heading."""

_WIDEST = 60
"""A column counts for so many characters at most; longer text is folded."""


def report_pdf(report: Contents, title: str | None = None, command: str = "") -> bytes:
    """The report as a PDF file.

    Letters that the PDF's own fonts lack (beyond windows-1252) are written as escapes in its text; the plots
    show them.

    Args:
        report: what it says.
        title: its heading.
        command: what makes it again.

    Raises:
        InputError: the extra `report` is not installed.
    """
    for module in ("altair", "vl_convert", "fpdf"):
        if find_spec(module) is None:
            raise InputError(f'a PDF needs {module}: pip install "ludometer[report]"')
    from scorers.report._charts import LABELS, charts

    page = _new(heading(report, title))
    found, drawn = tables(report), visible_everywhere(charts(report))
    _paragraph(page, heading(report, title), size=16)
    _paragraph(page, " ".join(answer(report)), size=11)
    _paragraph(page, told(report))
    for name, (words, _, plots) in SECTIONS.items():
        _section(page, words)
        for plot in plots:
            if plot in drawn:
                _plot(page, LABELS[plot], drawn[plot])
        for table in found[name]:
            _table(page, table)
    _section(page, "What exactly ran")
    for line in _settings(report, command):
        _paragraph(page, line)
    return bytes(page.output())


def _new(title: str) -> Any:
    from fpdf import FPDF

    page = FPDF(orientation="landscape", format="A4")
    page.core_fonts_encoding = "windows-1252"
    page.set_title(_text(title))
    page.set_lang("en")
    page.set_auto_page_break(auto=True, margin=12)
    page.set_margin(12)
    page.add_page()
    return page


def _text(text: str) -> str:
    """Text that the PDF's own fonts can write."""
    plain = visible(text).replace("−", "-")
    return plain.encode("windows-1252", "backslashreplace").decode("windows-1252")


def _paragraph(page: Any, text: str, size: int = 9) -> None:
    page.set_font("helvetica", style="B" if size > 11 else "", size=size)
    page.multi_cell(w=0, h=size * 0.5, text=_text(text), align="L", new_x="LMARGIN", new_y="NEXT")
    page.ln(2)


def _section(page: Any, words: str) -> None:
    """A heading, with something below it on the same page."""
    if page.will_page_break(_BELOW):
        page.add_page()
    page.start_section(_text(words))
    _paragraph(page, words, size=13)


def _plot(page: Any, label: str, spec: dict[str, Any]) -> None:
    import vl_convert
    from PIL import Image

    data = vl_convert.vegalite_to_png({**spec, "width": _WIDTH, "background": "white"}, scale=_SHARPNESS)
    with Image.open(io.BytesIO(data)) as picture:
        # Two on a page, where their height allows it.
        width = min(_SHARE * page.epw, (page.eph - 12) * picture.width / picture.height)
        height = width * picture.height / picture.width
    if page.will_page_break(height + 10):
        page.add_page()
    _paragraph(page, label)
    page.image(io.BytesIO(data), w=width, alt_text=_text(label))
    page.ln(3)


def _table(page: Any, table: Table) -> None:
    if table.long:
        _paragraph(page, f"{table.caption} ({len(table.cells)} rows, in the HTML and CSV)")
        return
    from fpdf.fonts import FontFace

    names = list(table.cells[0])
    if page.will_page_break(30):
        page.add_page()
    _paragraph(page, table.caption)
    page.set_font("helvetica", size=8)
    settings = {
        "col_widths": _widths(table, names),
        "text_align": ["LEFT" if name in TEXT or not place else "RIGHT" for place, name in enumerate(names)],
        "headings_style": FontFace(emphasis="BOLD"),
        "borders_layout": "HORIZONTAL_LINES",
        "line_height": 4,
        "padding": (0.6, 1.5),
    }
    with page.table(**settings) as rows:
        for cells in ([*names], *([*row.values()] for row in table.cells)):
            rows.row([_text(cell) for cell in cells])
    page.ln(4)


def _widths(table: Table, names: list[str]) -> list[int]:
    """Columns in proportion to their longest text."""
    return [
        min(_WIDEST, max(len(name), 4, *(len(visible(row[name])) for row in table.cells))) + 2
        for name in names
    ]


def _settings(report: Contents, command: str) -> list[str]:
    lines = [
        f"{run}: configuration {record.config_hash}; "
        + ", ".join(f"{name} {version}" for name, version in record.versions.items())
        for run, record in zip(report.runs, report.records, strict=True)
    ]
    return [*lines, f"To make this report again: {command}"] if command else lines
