"""One copy's bytes: headers, MIME parts and quoted-printable, ready for the wire."""
