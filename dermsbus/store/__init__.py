"""The durable memory of one adapter."""
