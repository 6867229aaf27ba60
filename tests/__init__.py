"""Tests of Pressmark; `tests.portal` is the sample portal's server."""
