"""Brokers of several kinds behind one Protocol."""
