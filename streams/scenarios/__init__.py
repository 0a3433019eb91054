"""Scenarios through the real pipeline, and whether what came of them is what was expected."""
