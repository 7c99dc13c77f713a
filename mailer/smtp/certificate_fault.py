"""Why a relay's certificate cannot be trusted, and what to do: each kind has its own sentence."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from pli.language import N_

# OpenSSL's X509_V_ERR_…, which `ssl` gives as numbers (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED = 9, 10
_SIGNS_ITSELF, _SELF_SIGNED_IN_CHAIN = 18, 19
_UNKNOWN_ISSUER = (2, 20, 21)
_ANOTHER_NAME = (62, 63, 64)


def sentence(error: ssl.SSLCertVerificationError) -> str:
    """The sentence for a certificate that was refused, with {relay}, {setting} and {reason}."""
    code = error.verify_code
    if code in _ANOTHER_NAME:
        return N_(
            "the relay {relay} shows a certificate that cannot be trusted, for it has another "
            "name: {reason}: {setting} must name the host as the certificate does"
        )
    if code == _EXPIRED:
        return N_(
            "the relay {relay} shows a certificate that cannot be trusted, for it has expired: "
            "{reason}: its operator must renew it (or this machine's clock is wrong)"
        )
    if code == _NOT_YET_VALID:
        return N_(
            "the relay {relay} shows a certificate that cannot be trusted, for it is not valid "
            "yet: {reason}: see that this machine's clock is right"
        )
    if code in (_SIGNS_ITSELF, _SELF_SIGNED_IN_CHAIN, *_UNKNOWN_ISSUER) and _file_is_missing():
        return N_(
            "the relay {relay} shows a certificate that cannot be trusted: {reason}: "
            "the file that SSL_CERT_FILE names is not there"
        )
    if code == _SIGNS_ITSELF:
        return N_(
            "the relay {relay} shows a certificate that cannot be trusted, for it signs itself: "
            "{reason}: if you know it to be right, let the environment variable SSL_CERT_FILE "
            "name its file (PEM); else ask its operator for one that an authority has signed"
        )
    if code in (_SELF_SIGNED_IN_CHAIN, *_UNKNOWN_ISSUER):
        return N_(
            "the relay {relay} shows a certificate that cannot be trusted, for its authority is "
            "not known here: {reason}: if it is your own, let the environment variable "
            "SSL_CERT_FILE name its file (PEM)"
        )
    return N_("the relay {relay} shows a certificate that cannot be trusted: {reason}")


def _file_is_missing() -> bool:
    named = os.environ.get("SSL_CERT_FILE")
    return bool(named) and not Path(named or "").is_file()
