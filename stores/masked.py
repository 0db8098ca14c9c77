"""URLs that can be shown."""

from __future__ import annotations

import re

_SECRET = re.compile(r"(?P<before>(?:^(?!\w+://)|://)[^:/@]*:).*(?=@)")
_SECRET_IN_QUERY = re.compile(r"(?i)([?&](?:password|passwd|pwd|sslpassword|token|secret)=)[^&]*")


def masked(url: str) -> str:
    """Return the URL with any password in it replaced by ``***``."""
    return _SECRET_IN_QUERY.sub(r"\1***", _SECRET.sub(r"\g<before>***", url))
