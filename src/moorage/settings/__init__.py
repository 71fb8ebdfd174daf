"""Every knob of the service, with default, unit and meaning; the only reader of the environment.

Everything below this layer receives values through constructors and cannot reach for settings.
"""

from moorage.settings.catalogue import Settings, stop

__all__ = ["Settings", "stop"]
