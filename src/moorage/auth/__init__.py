"""Who is calling. One authenticator per file; they know credentials and no web framework."""

from moorage.auth.interface import Authenticator, Credentials

__all__ = ["Authenticator", "Credentials"]
