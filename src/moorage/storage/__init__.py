"""Where nouns are kept. ``interface`` is the promise, ``opening`` the only way in."""
