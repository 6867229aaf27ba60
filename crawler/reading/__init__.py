"""Bytes to meaning: pure functions from a captured page to an article."""
