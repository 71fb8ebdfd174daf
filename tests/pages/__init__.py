"""A package for pytest, so that the browser of these tests ends with them."""
