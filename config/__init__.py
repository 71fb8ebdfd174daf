"""How the demo is configured."""
