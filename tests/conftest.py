"""What all tests share."""

import pytest

from harness.stage import Threads


@pytest.fixture(autouse=True)
def _quick_worlds(request, monkeypatch):
    """Runs in this process play in threads, which start at once; those marked `workers` as users' do."""
    if request.node.get_closest_marker("workers") is None:
        monkeypatch.setattr("harness.run.Workers", lambda most: Threads())
