"""The sample portal's server: raw HTTP over loopback, so that a test decides every byte of an answer."""
