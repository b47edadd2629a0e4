"""What the viewer's tests share: a run that was really played, and a browser that was let in."""

import re

import pytest
from ludometer_test_runs import run

from harness.spec import RunSpec

PORT = 4321
HOME = f"http://127.0.0.1:{PORT}"
TOKEN = "the-token"


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("viewed") / "run"
    spec = RunSpec(
        tasks=("babyai/goto",),
        agents=("direct", "vote(samples=2)", "reflexion(trials=2)", "random"),
        models=("scripted:go forward,turn left,nonsense",),
        episodes=2,
        limits={"steps": 6},
    )
    run(folder, spec)
    return folder


class Browser:
    """Asks for pages as a browser does that was let in."""

    def __init__(self, *folders):
        from starlette.testclient import TestClient

        from harness.viewer.app import create_app

        self.app = create_app(folders, token=TOKEN, port=PORT)
        self.client = TestClient(self.app, base_url=HOME, follow_redirects=False)
        self.client.get(f"/?token={TOKEN}")

    def get(self, address, status=200, **headers):
        answer = self.client.get(address, headers=headers)
        assert answer.status_code == status, (address, answer.status_code, answer.text[:2000])
        return answer

    def episodes(self, run=0):
        """The addresses of a run's episodes, by agent and index."""
        page = self.get(f"/run/{run}").text
        found = re.findall(r'href="(/run/\d+/episode/\w+)"><bdi>(.*?)</bdi>.*?</td><td>(\d+)</td>', page)
        return {(re.split(r"\W", agent)[0], int(index)): address for address, agent, index in found}


@pytest.fixture(scope="session")
def browse():
    """Makes a browser for run folders."""
    for package in ("starlette", "uvicorn"):
        pytest.importorskip(package, reason='the viewer needs pip install "ludometer[view]"')
    return Browser


@pytest.fixture
def browser(browse, played):
    return browse(played)
