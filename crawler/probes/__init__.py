"""What a probe asks of a live branch, and what its answers mean: pure, no client."""
