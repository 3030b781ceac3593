"""A certificate authority, and the certificates of a broker and a gateway."""

import ssl
import subprocess

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
NAMES = {"localhost": "DNS:localhost,IP:127.0.0.1", "gw1": "DNS:gw1"}


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_authority(folder):
    """Writes ca.crt, and NAME.crt and NAME.key of each; returns the folder."""
    openssl(
        folder, "req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.crt",
        "-subj", "/CN=corridor test authority", "-days", "2",
    )  # fmt: skip
    for name, alternative in NAMES.items():
        openssl(
            folder, "req", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN={name}",
        )  # fmt: skip
        (folder / "ext").write_text(f"subjectAltName={alternative}\n")
        openssl(
            folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", f"{name}.crt", "-days", "2", "-extfile", "ext",
        )  # fmt: skip
    return folder


def server_side(folder):
    """The TLS of a broker called localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "localhost.crt", folder / "localhost.key")
    return context
