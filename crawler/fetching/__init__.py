"""Fetching: Scrapy's engine under Pressmark's own download handler, frontier and recorder."""
