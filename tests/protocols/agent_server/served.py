"""The project of graphs of this folder, served on a loopback port."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moorage import Settings, create_app
from moorage.project import read
from moorage.testing import serving

PROJECT = Path(__file__).parent / "project"


@contextmanager
def serving_project(database: Path, project: Path = PROJECT, **values: Any) -> Iterator[str]:
    """Serve a project on a database in a file while the block runs; gives its base URL.

    Args:
        database: The file.
        project: The folder of the project.
        **values: Further settings.
    """
    settings = Settings.parse({"MOORAGE_DATABASE_URL": f"sqlite:///{database}"}, **values)
    with serving(create_app(settings, project=read(project))) as url:
        yield url
