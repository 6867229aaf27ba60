"""Keep bytes: HTTP exchanges as sent and received, in WARC files, and back."""
