"""Device protocols behind one Protocol; found by entry point, so that others can be installed beside these."""
