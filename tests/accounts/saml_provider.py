"""A small SAML identity provider: its metadata, and responses that it signs."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from config import sign_in

ENTITY = "https://idp.example.com/metadata"
SAML = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'


def key_and_certificate() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def metadata(
    *certificates: str, entity: str = ENTITY, sso: str = "https://idp.example.com/sso"
) -> str:
    keys = "".join(
        f"""<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
      <ds:X509Data><ds:X509Certificate>{"".join(each.strip().splitlines()[1:-1])}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"""
        for each in certificates
    )
    return f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
  entityID="{entity}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    {keys}
    <md:SingleSignOnService Location="{sso}"
      Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"""


def configured(metadata_file: Path) -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS with the identity provider of this metadata."""
    app = {
        "provider_id": "saml", "name": "Example", "client_id": "main",
        "settings": {
            "idp": {"entity_id": None, "metadata_file": str(metadata_file)}, "verified_email": True,
            "attribute_mapping": {"uid": "uid", "email": "email", "username": "username"},
            "advanced": sign_in.ADVANCED,
        },
    }  # fmt: skip
    return {"openid_connect": {"APPS": []}, "saml": {"APPS": [app]}}


def request_of(target: str) -> dict[str, str]:
    """What the product sent to the identity provider: its id, issuer and where to answer."""
    sent = parse_qs(urlsplit(target).query)["SAMLRequest"][0]
    root = etree.fromstring(zlib.decompress(base64.b64decode(sent), -15))
    issuer = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Issuer")
    return {
        "id": root.get("ID"),
        "acs": root.get("AssertionConsumerServiceURL"),
        "issuer": issuer.text,
    }


def response(
    asked: dict[str, str], subject: str, attributes: dict[str, list[str]], key: str,
    certificate: str, **changed: Any,
) -> str:  # fmt: skip
    """A response with a signed assertion, as a browser posts it."""
    now = datetime.now(UTC)
    issued, expires = (f"{now + timedelta(minutes=m):%Y-%m-%dT%H:%M:%SZ}" for m in (-1, 5))
    expires = changed.get("expires", expires)
    audience = changed.get("audience", asked["issuer"])
    values = "".join(
        f'<saml:Attribute Name="{escape(name)}">'
        + "".join(f"<saml:AttributeValue>{escape(v)}</saml:AttributeValue>" for v in given)
        + "</saml:Attribute>"
        for name, given in attributes.items()
    )
    assertion = f"""<saml:Assertion {SAML} ID="_assertion-{asked["id"]}" Version="2.0" IssueInstant="{issued}">
<saml:Issuer>{ENTITY}</saml:Issuer><saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{escape(subject)}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 InResponseTo="{asked["id"]}" Recipient="{asked["acs"]}" NotOnOrAfter="{expires}"/></saml:SubjectConfirmation>
</saml:Subject><saml:Conditions NotBefore="{issued}" NotOnOrAfter="{expires}"><saml:AudienceRestriction>
<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{issued}" SessionIndex="_s"><saml:AuthnContext><saml:AuthnContextClassRef>
urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>{values}</saml:AttributeStatement></saml:Assertion>"""  # noqa: E501
    if key:
        assertion = OneLogin_Saml2_Utils.add_sign(
            assertion, key, certificate,
            sign_algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            digest_algorithm="http://www.w3.org/2001/04/xmlenc#sha256",
        ).decode()  # fmt: skip
        assertion = assertion.partition("?>")[2] or assertion
    assertion = changed.get("tamper", lambda text: text)(assertion)
    whole = f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" {SAML}
 ID="_response-{asked["id"]}" Version="2.0" IssueInstant="{issued}"
 Destination="{asked["acs"]}" InResponseTo="{asked["id"]}">
<saml:Issuer>{ENTITY}</saml:Issuer><samlp:Status><samlp:StatusCode
 Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""
    return base64.b64encode(whole.encode()).decode()
