import subprocess
import sys

import pytest

# A process of its own each: there is one collector in a process, and it must not be this one's.
BARE_REQUEST = """
import gc
{before}
from fastapi import FastAPI
from langchain_core.runnables import RunnableLambda
from starlette.testclient import TestClient
from moorage import add_routes

app = FastAPI()
add_routes(app, RunnableLambda(lambda number: number + 1), path="/add")
started_with = gc.get_freeze_count()
client = TestClient(app)
assert client.get("/docs").status_code == 200
untouched = gc.get_freeze_count() == started_with
assert client.post("/add/invoke", json={{"input": 1}}).json()["output"] == 2
frozen = gc.get_freeze_count()
assert client.post("/add/invoke", json={{"input": 2}}).json()["output"] == 3
print(untouched, frozen > started_with, gc.get_freeze_count() <= frozen, gc.get_threshold()[0])
"""
SERVICE = """
import gc
from starlette.testclient import TestClient
from moorage import Settings, create_app

with TestClient(create_app(Settings())):
    print("frozen:", gc.get_freeze_count() > 0, gc.get_threshold()[0])
"""


def run(program: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=110, check=True
    )
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("before", "young"),
    [("", "5000"), ("gc.set_threshold(100)", "100"), ("gc.set_threshold(50_000)", "50000")],
    ids=["Python's own threshold", "a lower one that was chosen", "a higher one that was chosen"],
)
def test_the_first_run_on_a_bare_application_settles_once(before: str, young: str):
    assert run(BARE_REQUEST.format(before=before)) == f"True True True {young}"


def test_a_service_settles_when_it_has_started():
    assert run(SERVICE) == "frozen: True 5000"
