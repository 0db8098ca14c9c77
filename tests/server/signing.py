"""Tokens signed for tests, also in ways that nobody should take."""

import base64
import hashlib
import hmac
import json
import time
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = "a-secret-that-both-sides-know-and-nobody-else-does-0123456789-abcdefg"
ISSUER = "https://issuer.example"
AUDIENCE = "tasker"


@cache
def rsa_key(name="one", bits=2048):
    """A private RSA key; the same for the same name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name="one", curve="256"):
    """A private key of an elliptic curve; the same for the same name."""
    return ec.generate_private_key({"256": ec.SECP256R1(), "384": ec.SECP384R1()}[curve])


def pem(key):
    """The public part of a key, as in a file."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key, kid, **more):
    """The public part of a key, as in a key set."""
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else None
    made = (kind or jwt.algorithms.ECAlgorithm).to_jwk(key.public_key(), as_dict=True)
    made.pop("key_ops", None)
    return {**made, "kid": kid, **more}


def claims(**more):
    """What a good token says; None leaves a claim out."""
    now = int(time.time())
    made = {
        "sub": "ann",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 600,
        "roles": ["admin"],
        **more,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(key=SECRET, algorithm="HS256", *, headers=None, **more):
    """A token; `more` are claims."""
    return jwt.encode(claims(**more), key, algorithm=algorithm, headers=headers)


def forged(header, payload=None, *, secret=b"", signature=None):
    """A token with any header, signed by HMAC with any bytes, or with a given signature."""
    parts = [_text(json.dumps(each).encode()) for each in (header, payload or claims())]
    text = ".".join(parts)
    if signature is None:
        signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{_text(signature)}"


def _text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
