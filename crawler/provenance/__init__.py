"""From a value in a line back to its bytes."""
