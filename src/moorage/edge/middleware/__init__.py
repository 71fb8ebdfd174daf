"""One pure-ASGI middleware per file."""
