import pytest
from starlette._utils import get_route_path

from moorage.edge.paths import Paths, route_path


@pytest.mark.parametrize("root", ["", "/api", "/api/v1"])
@pytest.mark.parametrize(
    "path", ["/", "/health", "/api", "/api/", "/api/health", "/apihealth", "/api/v1/x"]
)
def test_paths_are_read_as_the_router_reads_them(root: str, path: str):
    scope = {"type": "http", "path": path, "root_path": root}
    assert route_path(scope) == get_route_path(scope)


def test_a_set_holds_single_paths_and_whole_trees():
    paths = Paths(exact=["/health", "/"], below=["/playground/"])
    assert all(path in paths for path in ["/", "/health", "/playground", "/playground/a/b"])
    assert not any(path in paths for path in ["", "/health/", "/healthy", "/playgrounds", "/x"])


def test_an_empty_set_holds_nothing():
    assert "/" not in Paths()
