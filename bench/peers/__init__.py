"""The comparison with other extractors: `python -m bench.peers`, which `make peers` runs."""
