"""Who is calling. One authenticator per file; they know credentials and no web framework."""
