"""Fetch the pages of news portals and read articles out of them."""
