"""Signatures of webhooks, by the Standard Webhooks specification.

What is signed is ``id.timestamp.body``, with HMAC-SHA256 and a shared secret of 24 to 64
bytes, written ``whsec_`` and base64. https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as chance
import time
from collections.abc import Iterable, Mapping

from tasker.errors import WebhookError

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
TOLERANCE_SECONDS = 300.0
_VERSION = "v1"


def new_secret() -> str:
    """Return a new secret, of 32 bytes by chance."""
    return PREFIX + base64.b64encode(chance.token_bytes(32)).decode()


def key_of(secret: object) -> bytes:
    """Return the bytes of a secret; raises `ValueError`, without the secret in it."""
    if not isinstance(secret, str) or not secret.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"what follows {PREFIX} in a secret is base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret has {SHORTEST} to {LONGEST} bytes, not {len(key)}")
    return key


def sign(key: bytes, *, id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body, as in ``v1,K5oZ…``. ``timestamp`` is Unix seconds."""
    signed = b".".join((id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def sign_headers(keys: Iterable[bytes], *, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a webhook, signed with every key."""
    signatures = (sign(key, id=id, timestamp=timestamp, body=body) for key in keys)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    *secrets: str,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> str:
    """Check that a webhook comes from whoever has a secret, and is not an old one; return its id.

    For receivers. The id is the same whenever the same event comes again: whoever keeps
    the ids that were handled handles each event once.

    Args:
        body: The request's body as it came, before it is decoded.
        headers: Its headers, whatever the case of their names.
        secrets: ``whsec_…``; several while they are changed.
        tolerance_seconds: How far the sender's clock may be from ours.
        now: Our time in Unix seconds; the machine's when None.

    Raises:
        WebhookError: It is not signed with any of the secrets, or too old, or too new.
        ValueError: A secret is no secret, or there is none.
    """
    if not secrets:
        raise ValueError("give the secret that the webhook is signed with")
    keys = [key_of(secret) for secret in secrets]
    found = {name.lower(): value for name, value in headers.items()}
    id, sent, signatures = (
        _header(found, f"webhook-{part}") for part in ("id", "timestamp", "signature")
    )
    if not sent.isascii() or not sent.isdigit():
        raise WebhookError(reason="its webhook-timestamp is no number of seconds")
    timestamp = int(sent)
    apart = (time.time() if now is None else now) - timestamp
    if abs(apart) > tolerance_seconds:
        raise WebhookError(
            reason=f"it was sent {abs(apart):.0f} seconds {'ago' if apart > 0 else 'from now'}"
        )
    wanted = [sign(key, id=id, timestamp=timestamp, body=body).encode() for key in keys]
    given = [each.encode() for each in signatures.split()]
    # No early end: how long it takes must not tell how much of a signature is right.
    if not any([hmac.compare_digest(one, other) for one in wanted for other in given]):
        raise WebhookError(reason="it is not signed with any of the secrets")
    return id


def _header(headers: Mapping[str, str], name: str) -> str:
    if not headers.get(name):
        raise WebhookError(reason=f"it has no header {name}")
    return headers[name]
