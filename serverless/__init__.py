"""How the demo runs where there is no server: one folder per platform."""
