"""The pressmark: where in the archive a record lies, and what it holds."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressmark:
    """Location (file, offset, length of the gzip member) and identity (record id, payload digest) of one record.

    `file` is the final name of the WARC file, without folders and without `.open`. `offset` and
    `length` count bytes of the compressed file. `record_id` has the form `urn:uuid:...`, without
    angle brackets; `payload_digest` is labelled (`sha1:` and upper-case Base32), None for records without a payload.
    """

    file: str
    offset: int
    length: int
    record_id: str
    payload_digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A record that holds a payload whole, so that later captures may refer to it.

    `url` and `date` are its WARC-Target-URI and WARC-Date: replay looks it up by these.
    """

    pressmark: Pressmark
    url: str
    date: datetime
