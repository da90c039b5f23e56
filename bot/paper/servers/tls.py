"""Throw-away certificates, so that a client that believes in one authority takes the loopback for a venue's host."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import trustme


def certificates(hosts: Sequence[str]) -> tuple[ssl.SSLContext, str]:
    """Make an authority that lives only in this process, and a server certificate of it for some hosts.

    Returns the server's context, and the authority's certificate (PEM) that a client must trust.
    """
    authority, context = trustme.CA(organization_name="dnbot paper venues"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context, authority.cert_pem.bytes().decode()
