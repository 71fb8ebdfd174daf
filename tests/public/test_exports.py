import subprocess
import sys

import moorage


def test_every_public_name_can_be_loaded():
    for name in moorage.__all__:
        assert getattr(moorage, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(moorage, "no_such_name")


def test_importing_the_client_loads_no_server_module():
    code = (
        "import sys, moorage.client; "
        "print([m for m in ('fastapi', 'starlette', 'uvicorn', 'moorage.app', 'moorage.edge',"
        " 'moorage.engine', 'moorage.protocols') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
