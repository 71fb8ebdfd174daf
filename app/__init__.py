"""The deployment that this repository ships, written as a user of moorage would write it."""
