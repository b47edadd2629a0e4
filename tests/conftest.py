"""What all tests share."""

import pytest

from harness.stage import Threads
from harness.verify import verify


@pytest.fixture(autouse=True)
def _quick_worlds(request, monkeypatch):
    """Runs in this process play in threads, which start at once; those marked `workers` as users' do."""
    if request.node.get_closest_marker("workers") is None:
        monkeypatch.setattr("harness.run.Workers", lambda most: Threads())


@pytest.fixture(autouse=True)
def _runs_verify(request):
    """Every run that a test leaves in its folder is executed again and must be what it says it is."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None and request.node.get_closest_marker("tampers") is None:
        for file in folder.rglob("run.json"):
            report = verify(file.parent, workers=1)
            assert not report.differences, report.differences
            for episode in report.episodes:
                # A plugin may be installed for one process only.
                assert episode.sound or episode.status == "unknown", (
                    episode.episode,
                    episode.differences,
                    episode.unchecked,
                )
