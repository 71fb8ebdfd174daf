"""The part of a context that a graph's schema names."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from moorage.engine.graphs.contexts import declared


class Typed(TypedDict, total=False):
    tone: str


@dataclass
class Plain:
    tone: str
    made: str = field(default="", init=False)


class Model(BaseModel):
    tone: str = Field(alias="mood")
    pitch: int = Field(validation_alias=AliasChoices("height", "level"))


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        (Typed, {"tone"}),
        (Plain, {"tone"}),
        (Model, {"tone", "mood", "pitch", "height", "level"}),
        (Open, {"tone", "mood", "pitch", "height", "level", "made", "other"}),
        (None, {"tone", "mood", "pitch", "height", "level", "made", "other"}),
    ],
)
def test_only_what_is_declared_is_left(schema: Any, names: set[str]):
    said = dict.fromkeys(("tone", "mood", "pitch", "height", "level", "made", "other"), 1)
    assert declared(schema, said) == dict.fromkeys(names, 1)
