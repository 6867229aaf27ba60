"""From records to lines: the one fold that live crawl, recovery, rebuild and re-extraction share, and what feeds it."""
