"""The stage files in ``config/`` are settings that work, hold no secret and set what they name."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from moorage import Settings
from moorage.settings.layers import Variables, gather

ROOT = Path(__file__).parents[2]
KEY = f"alice:sha256:{64 * 'a'}"


@pytest.mark.parametrize("stage", ["development", "staging", "production"])
def test_a_service_starts_with_the_stage_file_and_a_key(
    stage: str, caplog: pytest.LogCaptureFixture
):
    process = Variables.of({"MOORAGE_ENVIRONMENT": stage, "MOORAGE_API_KEYS": KEY})

    # An absolute folder of stage files, and a root without .env files.
    variables = gather(process, root=ROOT / "tests", stage_dir=ROOT / "config")
    settings = Settings.from_variables(variables)

    assert settings.environment == stage
    assert str(ROOT / f"config/{stage}.env") in variables.origins.values()
    assert caplog.messages == []
    secrets = [name for name in Settings.model_fields if _holds_secret(getattr(settings, name))]
    assert secrets == []


def _holds_secret(value: object) -> bool:
    return isinstance(value, SecretStr)
