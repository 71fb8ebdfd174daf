"""The Lambda handler, invoked in a process of its own with an event as AWS sends it."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Two invocations in one process, as in an instance that is kept warm.
RUN = """
import json, sys
from serverless.aws_lambda.handler import handler
for event in json.load(sys.stdin):
    print("REPLY", json.dumps(handler(event, None)))
"""


def event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Return a function URL's event, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "host": "abcdefghij.lambda-url.eu-central-1.on.aws",
            "content-type": "application/json",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-proto": "https",
            "x-forwarded-port": "443",
            "user-agent": "curl/8.5.0",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghij",
            "domainName": "abcdefghij.lambda-url.eu-central-1.on.aws",
            "domainPrefix": "abcdefghij",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "7f2a9bd2-7b1b-4f35-a9a9-3c3f5a1d8f0e",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795262400000,
        },
        "body": base64.b64encode(json.dumps(body).encode()).decode() if body else None,
        "isBase64Encoded": body is not None,
    }


def invoke(*events: dict[str, Any]) -> list[Any]:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        cwd=ROOT,
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    return [json.loads(line.removeprefix("REPLY")) for line in lines if line.startswith("REPLY")]


def test_a_warm_instance_answers_again_and_again():
    question = {"input": {"messages": [{"role": "user", "content": "How do I stream an answer?"}]}}
    ready, first, second = invoke(
        event("GET", "/ready"),
        event("POST", "/agent/invoke", question),
        event("POST", "/agent/invoke", question),
    )
    assert ready["statusCode"] == 200
    for reply in (first, second):
        assert reply["statusCode"] == 200
        assert reply["headers"]["content-type"] == "application/json"
        answer = json.loads(reply["body"])["output"]["messages"][-1]
        assert "The documentation says:" in answer["content"]


def test_a_stream_arrives_whole():
    (reply,) = invoke(event("POST", "/chat/stream", {"messages": [["user", "Hello!"]]}))
    assert reply["statusCode"] == 200
    assert reply["body"].startswith('data: {"content": "Hello! "}\n\n')
    assert reply["body"].endswith("data: [DONE]\n\n")


def test_an_unknown_path_is_not_found():
    (reply,) = invoke(event("GET", "/nothing"))
    assert reply["statusCode"] == 404
    assert json.loads(reply["body"])["detail"] == "Not Found"
