"""The recordings that the web pages are tested with still are what the service sends."""

import json

from tests.pages import recordings


def test_the_fields_of_bodies_and_answers_are_those_recorded():
    recorded = (recordings.FOLDER / "models.jsonl").read_text(encoding="utf-8")

    assert [json.loads(line) for line in recorded.splitlines()] == recordings.models(), (
        "python -m tests.pages.recordings, then make ui/src/api/types.ts agree"
    )
