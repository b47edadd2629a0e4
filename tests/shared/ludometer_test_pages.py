"""What is asked of every page in a real browser."""

import pytest

EVIL = [
    "<script>document.title='owned'</script>",
    "</pre></script><img src=x onerror=document.title='owned'>",
    "javascript:document.title='owned'",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066\u200f",
    "before\0after",
]
"""What must be text wherever it appears."""

SHOWN = [r"\x1b[31mred\x1b]0;title\x07", r"\u202egnp.exe\u2066\u200f", r"before\x00after"]
"""How the last three of these are shown."""


def too_wide(page):
    """By how many pixels the page is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def accessible(page):
    """Nothing that axe-core finds."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
