"""Errors of the archive."""


class ArchiveError(Exception):
    """Something in an archive is not as it must be; the message names the thing, the value and the remedy."""
