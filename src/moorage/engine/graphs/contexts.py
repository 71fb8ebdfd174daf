"""What a graph knows of a run's context (protocol, section 6.5)."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import AliasChoices, BaseModel
from typing_extensions import is_typeddict


def declared(schema: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a context that the graph's schema names; all of it where none says.

    Clients share contexts between graphs, and one key too many makes a dataclass raise.
    """
    names = _names(schema)
    return {key: value for key, value in context.items() if names is None or key in names}


def _names(schema: Any) -> Collection[str] | None:
    if is_typeddict(schema):
        return {*schema.__required_keys__, *schema.__optional_keys__}
    if dataclasses.is_dataclass(schema):
        return {field.name for field in dataclasses.fields(schema) if field.init}
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return _names_of_model(schema)
    return None


def _names_of_model(schema: type[BaseModel]) -> Collection[str] | None:
    if schema.model_config.get("extra") == "allow":
        return None
    aliases: set[Any] = set()
    for field in schema.model_fields.values():
        alias = field.validation_alias
        aliases |= {*alias.choices} if isinstance(alias, AliasChoices) else {alias}
    return {*schema.model_fields, *(one for one in aliases if isinstance(one, str))}
