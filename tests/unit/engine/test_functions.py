import inspect
from typing import Any

import pytest
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import (
    ConfigurableField,
    Runnable,
    RunnableAssign,
    RunnableConfig,
    RunnableLambda,
    RunnableParallel,
)

from moorage.engine.functions import functions_in, remember_signatures


def one(x: int) -> int:
    return x


def two(x: int) -> int:
    return x


def three(x: int) -> int:
    return x


ONE: Runnable[Any, Any] = RunnableLambda(one)
TWO: Runnable[Any, Any] = RunnableLambda(two)
PAIR = ONE | TWO
THREE: Runnable[Any, Any] = RunnableLambda(three)


@pytest.mark.parametrize(
    ("runnable", "functions"),
    [
        (ONE, [one]),
        (ONE | TWO | THREE, [one, two, three]),
        (ONE.bind(stop=["x"]), [one]),
        (ONE.map(), [one]),
        (ONE.with_fallbacks([TWO, THREE]), [one, two, three]),
        (ONE.bind(stop=["x"]).with_fallbacks([TWO]), [one, two]),
        (PAIR.with_retry(), [one, two]),
        (RunnableParallel(a=ONE, b=TWO), [one, two]),
        (RunnableAssign(RunnableParallel(a=ONE)), [one]),
        (PAIR.configurable_fields(name=ConfigurableField(id="name")), [one, two]),
        (PAIR.configurable_alternatives(ConfigurableField(id="which"), x=THREE), [one, two]),
        (PromptTemplate.from_template("x"), []),
    ],
    ids=[
        "a function",
        "a sequence",
        "a binding",
        "each of many",
        "fallbacks",
        "fallbacks of a binding",
        "retries",
        "parallel branches",
        "an assignment",
        "configurable fields",
        "alternatives",
        "no function of the user's",
    ],
)
def test_the_functions_are_those_of_all_parts_in_order(
    runnable: Runnable[Any, Any], functions: list[Any]
):
    assert list(functions_in(runnable)) == functions


def test_remembered_signatures_are_those_that_python_finds():
    async def add(number: int, config: RunnableConfig) -> int:
        return number + len(config)

    method = RunnableLambda._ainvoke
    expected = [inspect.signature(function) for function in (add, method)]

    remember_signatures(PromptTemplate.from_template("{topic}") | RunnableLambda(add))

    assert [vars(function)["__signature__"] for function in (add, method)] == expected
    bound = inspect.signature(RunnableLambda(add)._ainvoke)
    assert list(bound.parameters) == list(expected[1].parameters)[1:]


def test_a_signature_that_somebody_has_set_stays():
    def add(*numbers: int) -> int:
        return sum(numbers)

    chosen = inspect.signature(one)
    add.__signature__ = chosen  # type: ignore[attr-defined]

    remember_signatures(RunnableLambda(add))

    assert inspect.signature(add) is chosen
