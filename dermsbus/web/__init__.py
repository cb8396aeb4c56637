"""What dermsbus serves over HTTP."""
