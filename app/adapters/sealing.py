"""Cryptography behind five small functions, all on the library `cryptography`.

Sealing for the server itself: AES-256-GCM, a fresh 96-bit nonce before each ciphertext. Keyed hash: HMAC-SHA-256.
Sealing for research: HPKE (RFC 9180) with X25519, HKDF-SHA-256 and AES-256-GCM; only the private key opens it.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import DomainError

KEY_BYTES = 32
NONCE_BYTES = 12
HASH_BYTES = 32

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """`plain` sealed with `key`; opens only together with the same `bound_to`."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """What `seal` was given; DomainError ``sealed.broken`` for another key, another binding or a changed byte."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise DomainError("sealed.broken") from error


def keyed_hash(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(message)
    return mac.finalize()


def seal_for_research(public_key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """`plain` sealed so that only the research private key opens it; 48 bytes longer than `plain`."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public_key), info=bound_to)


def open_for_research(private_key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """What `seal_for_research` was given. Never called by the web server: it does not have the key."""
    try:
        return _SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private_key), info=bound_to)
    except (InvalidTag, ValueError) as error:
        raise DomainError("sealed.broken") from error


def public_part(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
