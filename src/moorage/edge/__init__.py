"""Everything that knows HTTP and no protocol."""
