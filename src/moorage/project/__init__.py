"""What a project serves, read from its ``langgraph.json``. Knows no web framework."""

from moorage.project.reading import FILE, Project, read

__all__ = ["FILE", "Project", "read"]
