"""``POST /batch``: several inputs, one answer."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableConfig, RunnableLambda
from pydantic import BaseModel

from moorage.errors import Rejected
from tests.protocols.langserve.wire import hosting

pytestmark = pytest.mark.anyio


def add_one(x: int) -> int:
    return x + 1


def not_two(x: int) -> int:
    if x == 2:
        raise ValueError("secret of two")
    return x


def told(_: int, config: RunnableConfig) -> dict[str, Any]:
    return {"tags": config["tags"], "metadata": config["metadata"]}


@pytest.mark.requirement("langserve:batch:reply")
async def test_the_reply_has_the_outputs_in_order_and_the_id_of_each_run():
    async with hosting(RunnableLambda(add_one)) as client:
        reply = (await client.post("/r/batch", json={"inputs": [1, "2", 3]})).json()

    ids = reply["metadata"]["run_ids"]
    responses = [{"run_id": run_id, "feedback_tokens": []} for run_id in ids]
    assert reply == {"output": [2, 3, 4], "metadata": {"responses": responses, "run_ids": ids}}
    assert len({UUID(run_id) for run_id in ids}) == 3


@pytest.mark.requirement("langserve:batch:reply")
@pytest.mark.parametrize("events", [False, True])
async def test_no_inputs_give_empty_lists(events: bool):
    async with hosting(RunnableLambda(add_one), include_callback_events=events) as client:
        reply = (await client.post("/r/batch", json={"inputs": []})).json()

    expected: dict[str, Any] = {"output": [], "metadata": {"responses": [], "run_ids": []}}
    assert reply == expected | ({"callback_events": []} if events else {})


@pytest.mark.requirement("langserve:batch:configs")
async def test_a_list_of_configs_has_one_for_each_input():
    configs = [{"tags": ["a"]}, {"tags": ["b"]}]
    async with hosting(RunnableLambda(told), config_keys=["tags"]) as client:
        reply = (await client.post("/r/batch", json={"inputs": [1, 2], "config": configs})).json()

    assert [output["tags"] for output in reply["output"]] == [["a"], ["b"]]


@pytest.mark.requirement("langserve:batch:configs")
async def test_one_config_is_for_all_inputs():
    body = {"inputs": [1, 2], "config": {"tags": ["a"]}}
    async with hosting(RunnableLambda(told), config_keys=["tags"]) as client:
        reply = (await client.post("/r/batch", json=body)).json()

    assert [output["tags"] for output in reply["output"]] == [["a"], ["a"]]


@pytest.mark.requirement("langserve:batch:configs")
@pytest.mark.parametrize(
    ("configs", "inputs"), [([{}], [1, 2]), ([], [1]), ([{}, {}], [1]), ([{}], [])]
)
async def test_a_list_of_configs_of_another_length_is_refused(
    configs: list[Any], inputs: list[Any]
):
    async with hosting(RunnableLambda(add_one)) as client:
        response = await client.post("/r/batch", json={"inputs": inputs, "config": configs})

    assert response.status_code == 422
    assert response.json()["detail"] == (
        f"Number of configs ({len(configs)}) must match number of inputs ({len(inputs)})"
    )


@pytest.mark.requirement("langserve:batch:null-config")
async def test_a_config_of_null_is_refused_with_a_sentence():
    async with hosting(RunnableLambda(add_one)) as client:
        response = await client.post("/r/batch", json={"inputs": [1], "config": None})

    assert response.status_code == 422
    assert isinstance(response.json()["detail"], str)


@pytest.mark.requirement("langserve:batch:run-id")
async def test_the_run_id_of_a_single_config_is_that_of_the_first_run():
    run_id = str(uuid4())
    body = {"inputs": [1, 2, 3], "config": {"run_id": run_id}}
    async with hosting(RunnableLambda(add_one), config_keys=["run_id"]) as client:
        reply = (await client.post("/r/batch", json=body)).json()

    ids = reply["metadata"]["run_ids"]
    assert ids[0] == run_id
    assert len(set(ids)) == 3


@pytest.mark.requirement("langserve:batch:invalid-item")
@pytest.mark.parametrize(
    ("inputs", "place"),
    [([1, "x"], ["inputs", 1]), (1, ["inputs"]), ({"a": 1}, ["inputs"]), (None, ["inputs"])],
)
async def test_what_does_not_fit_is_refused_with_its_place(inputs: Any, place: list[Any]):
    async with hosting(RunnableLambda(add_one)) as client:
        response = await client.post("/r/batch", json={"inputs": inputs})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == place


@pytest.mark.requirement("langserve:batch:failure")
async def test_an_item_that_fails_fails_the_request_and_discloses_nothing():
    async with hosting(RunnableLambda(not_two)) as client:
        response = await client.post("/r/batch", json={"inputs": [1, 2, 3]})

    assert response.status_code == 500
    assert b"secret" not in response.content


@pytest.mark.requirement("langserve:batch:return-exceptions")
async def test_items_fail_one_by_one_on_request():
    body = {"inputs": [1, 2, "x", 3], "return_exceptions": True}
    async with hosting(RunnableLambda(not_two)) as client:
        response = await client.post("/r/batch", json=body)

    reply = response.json()
    assert response.status_code == 200
    assert reply["output"] == [1, None, None, 3]
    errors = [entry.get("error") for entry in reply["metadata"]["responses"]]
    assert errors[0] is errors[3] is None
    assert errors[1] == {"status_code": 500, "message": "Internal Server Error"}
    assert errors[2]["status_code"] == 422
    assert errors[2]["message"].startswith("inputs.2: ")
    assert "secret" not in response.text


@pytest.mark.requirement("langserve:batch:return-exceptions", "langserve:errors:mapper")
async def test_an_item_that_fails_says_what_the_error_mapper_says():
    body = {"inputs": [2], "return_exceptions": True}
    mapped = hosting(RunnableLambda(not_two), error_mapper=lambda _: Rejected(429, "slow down"))
    async with mapped as client:
        reply = (await client.post("/r/batch", json=body)).json()

    [entry] = reply["metadata"]["responses"]
    assert entry["error"] == {"status_code": 429, "message": "slow down"}


@pytest.mark.requirement("langserve:batch:modifier-keys")
async def test_what_the_modifier_sets_outside_the_config_keys_counts():
    def modifier(config: dict[str, Any], _: Any) -> dict[str, Any]:
        return {**config, "tags": ["server"], "metadata": {"owner": "me"}}

    async with hosting(RunnableLambda(told), per_req_config_modifier=modifier) as client:
        reply = (await client.post("/r/batch", json={"inputs": [1, 2]})).json()

    for output in reply["output"]:
        assert output["tags"] == ["server"]
        assert output["metadata"]["owner"] == "me"


@pytest.mark.requirement("langserve:config:modifier-once-per-config")
async def test_the_modifier_is_called_once_for_each_config():
    calls: list[dict[str, Any]] = []

    def modifier(config: dict[str, Any], _: Any) -> dict[str, Any]:
        calls.append(config)
        return config

    async with hosting(RunnableLambda(add_one), per_req_config_modifier=modifier) as client:
        await client.post("/r/batch", json={"inputs": [1, 2, 3]})
        assert len(calls) == 1
        await client.post("/r/batch", json={"inputs": [1, 2], "config": [{}, {}]})
        assert len(calls) == 3
        for path in ("input_schema", "output_schema", "config_schema", "playground/"):
            await client.get(f"/r/{path}")

    assert len(calls) == 3


@pytest.mark.requirement("langserve:batch:max-concurrency")
async def test_max_concurrency_counts_where_clients_may_set_it():
    running = most = 0

    async def work(x: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1
        return x

    body = {"inputs": list(range(8)), "config": {"max_concurrency": 2}}
    async with hosting(RunnableLambda(work), config_keys=["max_concurrency"]) as client:
        await client.post("/r/batch", json=body)
        assert most == 2
        await client.post("/r/batch", json={"inputs": list(range(8))})
        assert most == 8


@pytest.mark.requirement("langserve:inputs:models-as-dicts")
async def test_each_item_is_decoded_as_an_input_of_its_own():
    class Point(BaseModel):
        x: int = 0

    def kind(point: Point) -> str:
        return f"{type(point).__name__} {point}"

    async with hosting(RunnableLambda(kind)) as client:
        reply = (await client.post("/r/batch", json={"inputs": [{"x": 1}, {}]})).json()

    assert reply["output"] == ["dict {'x': 1}", "dict {'x': 0}"]
