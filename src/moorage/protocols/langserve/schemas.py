"""The JSON schemas of one runnable: what goes in, what comes out, what may be configured."""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import BaseModel

from moorage.protocols.langserve.config import Config, ConfigReader
from moorage.protocols.langserve.inputs import InputDecoder, complete

logger = logging.getLogger(__name__)


class Schemas:
    """Makes the schemas when they are asked for; those of the runnable as it is are kept."""

    def __init__(
        self, runnable: Runnable[Any, Any], inputs: InputDecoder, configs: ConfigReader
    ) -> None:
        self._runnable = runnable
        self._inputs = inputs
        self._configs = configs
        self._kept: dict[str, bytes] = {}

    @property
    def input_model(self) -> type[BaseModel]:
        """The model of the input of the runnable as it is."""
        return self._inputs.schema

    @cached_property
    def output_model(self) -> type[BaseModel]:
        """The model of the output of the runnable as it is."""
        return self._output_for({})

    @property
    def config_model(self) -> type[BaseModel]:
        """The model of the config that a client may send."""
        return self._configs.schema

    def input(self, config: Config) -> bytes:
        """Return the JSON schema of the input under ``config``."""
        return self._rendered("input", config, self._inputs.schema_for)

    def output(self, config: Config) -> bytes:
        """Return the JSON schema of the output under ``config``."""
        return self._rendered("output", config, self._output_for)

    def config(self, config: Config) -> bytes:
        """Return the JSON schema of what is left to configure under ``config``."""
        return self._rendered("config", config, self._configs.schema_for)

    @cached_property
    def not_made(self) -> frozenset[str]:
        """Which of ``input``, ``output`` and ``config`` cannot be made; the log says why."""
        made = {"input": self.input, "output": self.output, "config": self.config}
        return frozenset(name for name, make in made.items() if not _works(make, name))

    def _output_for(self, config: Config) -> type[BaseModel]:
        settled = RunnableConfig(**config) if config else None  # type: ignore[typeddict-item]
        return complete(self._runnable.get_output_schema(settled), self._runnable)

    def _rendered(
        self, name: str, config: Config, model_for: Callable[[Config], type[BaseModel]]
    ) -> bytes:
        if not config and name in self._kept:
            return self._kept[name]
        rendered = orjson.dumps(model_for(config).model_json_schema())
        if not config:
            self._kept[name] = rendered
        return rendered


def _works(make: Callable[[Config], bytes], name: str) -> bool:
    try:
        make({})
    except Exception:
        logger.exception("the %s schema cannot be made", name)
        return False
    return True
