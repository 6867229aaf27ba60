"""What a check has found: one fault, named so that a person finds the bytes and a program can count it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it must be.

    `file` is a file's name as it stands in pressmarks, or a path; `offset` counts bytes in it (of a gzip member, of an
    index or article line), None where the whole file is meant. `rule` is one of the names in `RULES`.
    """

    file: str
    offset: int | None
    record_id: str | None
    rule: str
    message: str

    def describe(self) -> str:
        """Return one line that names file, offset, record, rule and reason."""
        place = self.file if self.offset is None else f"{self.file}: offset {self.offset}"
        record = f" ({self.record_id})" if self.record_id else ""
        return f"{place}: {self.rule}: {self.message}{record}"


RULES = {
    "directory": "a directory was given and not a file",
    "empty": "the file has no bytes",
    "form": "bytes that are no WARC, ARC, CDXJ or WACZ",
    "torn": "the file ends inside a record",
    "gzip": "a gzip member is damaged",
    "record": "bytes that are no whole record",
    "one-member": "several records share a gzip member, so that none can be read by its offset",
    "version": "an unknown version of the format",
    "field-required": "a header that this type of record must have is missing",
    "field-forbidden": "a header that this type of record must not have",
    "field-repeated": "a header that may stand only once stands twice",
    "field-value": "a header whose value is not of its form",
    "digest-form": "a digest in another base or case than archives write",
    "digest-unknown": "a digest of an algorithm that cannot be computed here",
    "block-digest": "the block is not what its digest says",
    "payload-digest": "the payload is not what its digest says",
    "truncated": "WARC-Truncated and the length of the message contradict each other",
    "content-coding": "a content coding that does not replay everywhere",
    "id-repeated": "two records have the same id",
    "exchange": "an exchange of Pressmark without its metadata record, or with two addresses",
    "reference": "a header names a record that is not in the files given",
    "date": "records of one exchange have different dates",
    "revisit": "a revisit leads to no record, or to one with another payload",
    "index-line": "a line that is no CDXJ",
    "index-order": "a line that is not sorted",
    "index-offset": "a line that does not lead to its record",
    "index-value": "a line that says something else than its record",
    "index-missing": "a record without a line in the indexes",
    "package": "a WACZ package that breaks a rule of its specification",
    "line": "an article line that cannot be read",
    "line-pressmark": "a pressmark that does not lead to its record",
    "line-conversion": "an article line that is not equal to its conversion record, or is missing",
}
