"""The report and the site in a real browser: drawn, quiet, offline, usable by keyboard, accessible."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(params=["report.html", "site/index.html", "site/runs/001-run/index.html"])
def opened(page, made, request):
    page.goto((made / request.param).as_uri())
    page.wait_for_load_state("networkidle")
    return page


def test_it_is_drawn_and_nothing_goes_wrong(opened):
    for plot in opened.query_selector_all(".plot:not([hidden])"):
        assert plot.wait_for_selector("svg", timeout=10_000).bounding_box()["width"] > 50
    assert opened.wrong == []
    assert "owned" not in opened.title()


def test_names_that_are_code_are_text(opened):
    assert "<script>document.title" in opened.inner_text("body")


def test_it_is_no_wider_than_the_screen(opened):
    width = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 1


def test_anchors_lead_to_places(opened):
    hrefs = opened.eval_on_selector_all("a[href^='#']", "links => links.map(a => a.getAttribute('href'))")
    assert hrefs
    for href in hrefs:
        assert opened.evaluate("id => document.getElementById(id) !== null", href[1:])


def test_the_keyboard_reaches_every_link_in_order(opened):
    total = opened.eval_on_selector_all("nav a, a.skip", "links => links.length")
    seen = []
    for _ in range(total):
        opened.keyboard.press("Tab")
        seen.append(opened.evaluate("document.activeElement.getAttribute('href')"))
    assert seen[0] == "#main"
    assert len([href for href in seen if href]) == total


def test_axe_finds_nothing(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(opened)
    assert found.violations_count == 0, found.generate_report()


def test_links_to_records_lead_to_records(page, made):
    index = made / "site" / "index.html"
    page.goto(index.as_uri())
    page.click("table a")
    assert page.url.endswith("/index.html")
    hrefs = page.eval_on_selector_all("#episodes a", "links => links.map(a => a.href)")
    assert len(hrefs) >= 12
    for href in hrefs:
        assert page.goto(href).ok if href.startswith("http") else page.goto(href) is not None
