"""Throw-away certificate authorities and the servers' certificates that they sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def _signed(
    name: str, key: rsa.RSAPrivateKey, issuer: str, signing: rsa.RSAPrivateKey, is_authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    common = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer)]
    usage = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(common[0])
        .issuer_name(common[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_encipherment=True, key_cert_sign=is_authority,
                crl_sign=is_authority, **usage,
            ), critical=True,
        )
        .sign(signing, hashes.SHA256())
    )  # fmt: skip


def make(folder: Path, host: str = "localhost") -> tuple[Path, Path, Path]:
    """The files of an authority, of the certificate that it signed for `host`, and of its key."""
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
    authority = _signed("Throw-away authority", keys[0], "Throw-away authority", keys[0], True)
    certificate = _signed(host, keys[1], "Throw-away authority", keys[0], False)
    paths = folder / "authority.pem", folder / "certificate.pem", folder / "key.pem"
    for path, found in zip(paths, (authority, certificate), strict=False):
        path.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    paths[2].write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return paths
