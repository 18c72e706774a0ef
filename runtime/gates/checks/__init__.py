"""The gates: one module each, registered by its code. Adding a gate adds a file and its code."""
