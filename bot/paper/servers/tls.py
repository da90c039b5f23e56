"""Certificates of our own, so that a client that believes in one authority takes the loopback for a venue's host."""

from __future__ import annotations

import fcntl
import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trustme
from cryptography.x509 import load_pem_x509_certificate

from bot.core.errors import ConfigError

_KEY_SUFFIX: Final = ".key"
"""The authority's own key lies beside its certificate, for its owner's eyes only."""
_OWNER_ONLY: Final = 0o600
_NAME: Final = "dnbot paper venues"


def certificates(hosts: Sequence[str]) -> tuple[ssl.SSLContext, str]:
    """Make an authority that lives only in this process, and a server certificate of it for some hosts.

    Returns the server's context, and the authority's certificate (PEM) that a client must trust.
    """
    authority = _new()
    return _server(authority, hosts), authority.cert_pem.bytes().decode()


def kept_certificates(hosts: Sequence[str], file: Path) -> ssl.SSLContext:
    """Make a server certificate by the authority in a file; the first server in a folder makes it, the others use it.

    Raises:
        ConfigError: the file can't be read or written, or holds something else.
    """
    key = file.with_name(file.name + _KEY_SUFFIX)
    try:
        with os.fdopen(os.open(key, os.O_RDWR | os.O_CREAT, _OWNER_ONLY), "r+b") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)  # two servers that start at once make one authority
            return _server(_kept(file, opened.read()) or _written(file, key), hosts)
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(file)) from error


def _kept(file: Path, key: bytes) -> trustme.CA | None:
    """Return the authority that is there; None where there is none, or one whose key has gone with its server."""
    if not file.exists():
        return None
    try:
        subject = load_pem_x509_certificate(file.read_bytes()).subject.rfc4514_string()
        if _NAME in subject:
            return trustme.CA.from_pem(file.read_bytes(), key) if key else None
    except ValueError as error:
        subject = str(error)
    raise ConfigError(f"is no authority of dnbot's ({subject}); give another file by --ca", source=str(file))


def _written(file: Path, key: Path) -> trustme.CA:
    authority = _new()
    key.write_bytes(authority.private_key_pem.bytes())
    file.write_bytes(authority.cert_pem.bytes())
    return authority


def _new() -> trustme.CA:
    return trustme.CA(organization_name=_NAME)


def _server(authority: trustme.CA, hosts: Sequence[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context
