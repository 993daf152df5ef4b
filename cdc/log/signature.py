"""Signs control messages, so that only the pipeline can make them: HMAC-SHA256 with a key of the pipeline.

The heartbeat is SQL that the connector's session runs. The key must not be in that text, which `pg_stat_activity` and
the connector's configuration show: the session has the two padded keys of HMAC (RFC 2104) as parameters of its own,
set when it connects, and the SQL reads them with `current_setting`.
"""

import hashlib
import hmac
import re
import secrets

_BLOCK = 64
"""Bytes of a block of SHA-256."""
_FORM = re.compile(r"[0-9a-f]{64}")
_DIGITS = 64
"""Hexadecimal digits of a signature."""
_INNER, _OUTER = "rowtide.inner", "rowtide.outer"
_PREFIX_DOMAIN = "rowtide-prefix"
"""What a key signs to make a prefix; no message has this prefix."""
_PREFIX_DIGITS = 16
_SECRET_PREFIX = re.compile(rf"(rowtide-[a-z]+)-[0-9a-f]{{{_PREFIX_DIGITS}}}")


def generate_key() -> str:
    """A random key, as text."""
    return secrets.token_hex(32)


class ControlKey:
    """The key of a pipeline. Its text never appears in a repr."""

    def __init__(self, text: str) -> None:
        """Raises ValueError when the text is not 64 hexadecimal digits; the error does not quote it."""
        if not _FORM.fullmatch(text):
            raise ValueError(
                "a control key has 64 hexadecimal digits, as `rowtide init` writes it; set ROWTIDE_CONTROL_KEY or ROWTIDE_SECRETS_DIR"
            )
        self._key = bytes.fromhex(text)

    def sign(self, prefix: str, body: bytes) -> bytes:
        """The content of a message: the signature, a space and the body."""
        return self._signature(prefix, body) + b" " + body

    def verify(self, prefix: str, content: bytes) -> bytes | None:
        """The body of a content that this key signed for this prefix; else None."""
        signature, body = content[:_DIGITS], content[_DIGITS + 1 :]
        return body if hmac.compare_digest(signature, self._signature(prefix, body)) else None

    def secret_prefix(self, prefix: str) -> str:
        """The prefix under which the connector captures these messages. A login that does not know the key cannot
        emit one that reaches the topic, whatever its size."""
        return f"{prefix}-{self._signature(_PREFIX_DOMAIN, prefix.encode())[:_PREFIX_DIGITS].decode()}"

    def session_options(self) -> str:
        """The `options` of a session that may sign: PostgreSQL takes them when it connects, and shows them to no other
        session."""
        inner, outer = (bytes(byte ^ pad for byte in self._key.ljust(_BLOCK, b"\0")).hex() for pad in (0x36, 0x5C))
        return f"-c {_INNER}={inner} -c {_OUTER}={outer}"

    def _signature(self, prefix: str, body: bytes) -> bytes:
        return hmac.new(self._key, f"{prefix} ".encode() + body, hashlib.sha256).hexdigest().encode()


def without_signature(content: bytes) -> bytes:
    """The body of a signed or an unsigned content, for those who have no key."""
    return content if content.startswith(b"{") else content[_DIGITS + 1 :]


def public_prefix(prefix: str) -> str:
    """The prefix that `secret_prefix` was made from; any other one as it is."""
    match = _SECRET_PREFIX.fullmatch(prefix)
    return match[1] if match else prefix


def signed_sql(prefix: str, body: str) -> str:
    """SQL of the content (bytea) of a message, in a session with `session_options`.

    `prefix` is a literal, `body` the name of a text column."""
    return f"pg_catalog.convert_to({_signature_sql(prefix, body)} || ' ' || {body}, 'UTF8')"


def secret_prefix_sql(prefix: str) -> str:
    """SQL of `ControlKey.secret_prefix`, in a session with `session_options`: the text shows it to nobody who reads
    `pg_stat_activity`. `prefix` is a literal."""
    signature = _signature_sql(f"'{_PREFIX_DOMAIN}'", prefix)
    return f"{prefix} || '-' || pg_catalog.left({signature}, {_PREFIX_DIGITS})"


def _signature_sql(prefix: str, body: str) -> str:
    """Every function has its full name: another one that fits the arguments better would see the keys."""
    inner, outer = (f"pg_catalog.decode(pg_catalog.current_setting('{name}'), 'hex')" for name in (_INNER, _OUTER))
    message = f"pg_catalog.convert_to({prefix} || ' ' || {body}, 'UTF8')"
    return f"pg_catalog.encode(pg_catalog.sha256({outer} || pg_catalog.sha256({inner} || {message})), 'hex')"
