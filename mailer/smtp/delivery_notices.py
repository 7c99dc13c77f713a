"""What is asked of a relay about delivery notices (RFC 3461), and how a copy is named in them."""

from __future__ import annotations

from collections.abc import Mapping

FAILURE = "FAILURE,DELAY"
"""Notices of failure and delay: what a relay sends unasked, too, and now with our token."""
NOTIFY: Mapping[str, str] = {"off": "", "failure": FAILURE, "success": "SUCCESS,FAILURE,DELAY"}
"""What the setting `dsn` asks for; "" asks for nothing, and changes nothing."""
_BOUNCE = "bounce+"
_LONGEST_ENVID = 100


def mail_parameters(return_path: str) -> str:
    """The parameters of MAIL: only the header comes back, under the copy's token as ENVID."""
    local = return_path.partition("@")[0]
    token = local.removeprefix(_BOUNCE)
    named = token != local and token.isalnum() and token.isascii()
    envid = f" ENVID={token}" if named and len(token) <= _LONGEST_ENVID else ""
    return f" RET=HDRS{envid}"


def rcpt_parameters(address: str, notify: str) -> str:
    """The parameters of RCPT: which notices, and the address that they are to name."""
    if address.isascii():
        return f" NOTIFY={notify} ORCPT=rfc822;{_xtext(address)}"
    # A relay that takes SMTPUTF8 reads UTF-8 here as it is (RFC 6533 section 3).
    return f" NOTIFY={notify} ORCPT=utf-8;{_utf8(address)}"


def _xtext(address: str) -> str:
    """Written as RFC 3461 section 4 says; most addresses stay as they are."""
    if "+" not in address and "=" not in address:
        return address
    return address.replace("+", "+2B").replace("=", "+3D")


def _utf8(address: str) -> str:
    for sign in ("\\", "+", "="):
        address = address.replace(sign, f"\\x{{{ord(sign):02X}}}")
    return address
