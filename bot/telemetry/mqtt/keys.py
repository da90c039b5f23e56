"""Passwords for a broker, a key for commands, and the broker's password file, all fresh."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.core.errors import ConfigError

USERS: Final[Mapping[str, str]] = {
    "dnbot": "DNBOT_MQTT__PASSWORD",
    "operator": "mqtt-operator-password",
    "viewer": "mqtt-viewer-password",
}
"""The users of docker/mosquitto/acl, and the file that each one's password goes into."""
KEY: Final = "DNBOT_MQTT__KEY"
PASSWORDS: Final = "mosquitto-passwords"
_OWNER_ONLY: Final = 0o700
_ITERATIONS: Final = 1000
"""Enough, since the passwords are 256 bits of chance."""


def make_keys(folder: Path) -> list[Path]:
    """Write the files into a folder that only its owner can enter; the files themselves may be mounted for others.

    Raises:
        ConfigError: one of them exists already, or can't be written.
    """
    passwords = {user: secrets.token_urlsafe(32) for user in USERS}
    texts = {USERS[user]: password for user, password in passwords.items()}
    texts[KEY] = secrets.token_hex(32)
    texts[PASSWORDS] = "".join(f"{user}:{_hash(password)}\n" for user, password in passwords.items())
    files = [folder / name for name in texts]
    there = [file for file in files if file.exists()]
    if there:
        raise ConfigError("exists already; remove it to make new ones", source=str(there[0]))
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        folder.chmod(_OWNER_ONLY)
        for file, text in zip(files, texts.values(), strict=True):
            file.write_text(text, encoding="ascii")
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(folder)) from error
    return files


def _hash(password: str) -> str:
    """Hash a password as Mosquitto does: PBKDF2 with SHA-512, ``$7$iterations$salt$hash``."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, 64)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
