"""Benchmarks: they print ratios and never pass or fail on a time. Run one with `python -m bench.NAME`."""
