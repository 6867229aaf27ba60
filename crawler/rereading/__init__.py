"""All again from the WARC files: rebuild copies what a crawl wrote, reextract reads the captures anew."""
