"""One package per wire protocol; each is a translation, nothing more."""
