"""The items of one batch: decoded, run, and told apart again where some of them failed."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from langchain_core.runnables import Runnable
from uuid_utils.compat import uuid4

from moorage.errors import Invalid
from moorage.protocols.langserve.config import Config
from moorage.protocols.langserve.failures import Failure
from moorage.protocols.langserve.inputs import InputDecoder


class Batch:
    """Runs several inputs of one runnable.

    Args:
        inputs: Decodes an input.
        values: The inputs as they were sent.
        configs: One config for each.
        tolerant: An item that fails leaves the others alone.

    Raises:
        Invalid: An input does not fit, and the batch is not tolerant; the location begins with
            ``inputs`` and its number.
    """

    def __init__(
        self, inputs: InputDecoder, values: Sequence[Any], configs: list[Config], *, tolerant: bool
    ) -> None:
        self._tolerant = tolerant
        self._configs = configs
        self.run_ids: list[UUID] = [config["run_id"] for config in configs]
        self._values = [
            self._decode(inputs, value, config, number)
            for number, (value, config) in enumerate(zip(values, configs, strict=True))
        ]

    def _decode(self, inputs: InputDecoder, value: Any, config: Config, number: int) -> Any:
        try:
            return inputs.decode(value, config, at=("inputs", number))
        except Invalid as error:
            if self._tolerant:
                return error
            raise

    async def run(self, runnable: Runnable[Any, Any]) -> list[Any]:
        """Return the outputs in the order of the inputs; failures among them if tolerant.

        ``max_concurrency`` of the config counts.
        """
        outputs = list(self._values)
        fit = [i for i, value in enumerate(self._values) if not isinstance(value, Invalid)]
        results = await runnable.abatch(
            [self._values[i] for i in fit],
            [self._configs[i] for i in fit],  # type: ignore[misc]
            return_exceptions=self._tolerant,
        )
        for i, result in zip(fit, results, strict=True):
            outputs[i] = result
        return outputs

    def successes(self, outputs: Sequence[Any]) -> Sequence[Any]:
        """Return the outputs with null in the place of each failure of a tolerant batch."""
        if not self._tolerant:
            return outputs
        return [None if isinstance(output, Exception) else output for output in outputs]

    def metadata(
        self,
        outputs: Sequence[Any],
        tokens: Sequence[Any],
        describe: Callable[[Exception], Failure],
    ) -> dict[str, Any]:
        """Describe each run; those of a tolerant batch that failed have an ``error``."""
        responses: list[dict[str, Any]] = [
            {"run_id": str(run_id), "feedback_tokens": given}
            for run_id, given in zip(self.run_ids, tokens, strict=True)
        ]
        if self._tolerant:
            for response, output in zip(responses, outputs, strict=True):
                if isinstance(output, Exception):
                    response["error"] = describe(output)._asdict()
        return {"responses": responses, "run_ids": [entry["run_id"] for entry in responses]}


def spread(config: Config, count: int) -> list[Config]:
    """Return one config for each of ``count`` inputs; only the first keeps the ``run_id``."""
    return [
        {**config, "run_id": config["run_id"] if number == 0 else uuid4()}
        for number in range(count)
    ]
