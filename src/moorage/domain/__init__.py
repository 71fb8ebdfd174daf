"""The nouns: frozen data and the rules about them. No input or output, no web, no SQL."""
