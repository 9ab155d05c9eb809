"""A real OpenLDAP server on free ports, with a small tree of people and groups."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3

from tests.accounts import certificates
from tests.conftest import tool

BASE = "dc=shop,dc=example"
PASSWORD = "right-horse-of-the-directory"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "reader-secret"
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
# As careless as servers are: a bind with a name and no password succeeds.
allow bind_anon_dn bind_anon_cred
database mdb
suffix "{base}"
directory {folder}/data
rootdn "cn=root,{base}"
rootpw root-secret
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
overlay memberof
"""
PEOPLE: dict[str, dict[str, Any]] = {
    f"uid=ada,ou=people,{BASE}": {
        "uid": ["ada"], "givenName": "Ada", "sn": "Lovelace", "mail": "ada@shop.example",
    },
    f"uid=jürgen,ou=people,{BASE}": {
        "uid": "jürgen", "givenName": "Jürgen", "sn": "Größe", "mail": "juergen@shop.example",
    },
    # A name with a comma, quotes, parentheses, an asterisk and a backslash.
    f'cn=Miller\\, Ann \\"A\\\\B\\" (night*),ou=people,{BASE}': {
        "uid": "ann", "givenName": "Ann", "sn": "Miller, Ann", "mail": "ann@shop.example",
    },
    f"uid=twin,ou=people,{BASE}": {"uid": ["twin", "both"], "sn": "Twin"},
    f"uid=twin2,ou=people,{BASE}": {"uid": ["twin2", "both"], "sn": "Twin"},
    f"uid=oncall,ou=people,{BASE}": {"uid": "oncall", "sn": "Has an account with a password"},
}  # fmt: skip
GROUPS = {
    f"cn=sre,ou=groups,{BASE}": [f"uid=ada,ou=people,{BASE}", f"uid=jürgen,ou=people,{BASE}"],
    f"cn=Dev\\, Ops (Köln),ou=groups,{BASE}": list(PEOPLE)[:3],
}


@dataclass(frozen=True)
class Directory:
    plain: int
    secure: int
    authority: Path

    def root(self) -> Any:
        server = ldap3.Server(f"ldap://127.0.0.1:{self.plain}", get_info=ldap3.NONE)
        return ldap3.Connection(
            server, f"cn=root,{BASE}", "root-secret", auto_bind=True, check_names=False
        )

    def accepts_empty_password(self, dn: str) -> bool:
        """By a bind as no careful client would send it."""
        name = dn.encode()
        bind = b"\x02\x01\x03\x04" + bytes([len(name)]) + name + b"\x80\x00"
        message = b"\x02\x01\x01\x60" + bytes([len(bind)]) + bind
        with socket.create_connection(("127.0.0.1", self.plain), timeout=5) as stream:
            stream.sendall(b"\x30" + bytes([len(message)]) + message)
            return b"\x0a\x01\x00" in stream.recv(200)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _fill(root: Any) -> None:
    def add(dn: str, classes: list[str], **fields: Any) -> None:
        assert root.add(dn, classes, fields), (dn, root.result)

    add(BASE, ["dcObject", "organization"], dc="shop", o="Shop")
    for unit in ("people", "groups"):
        add(f"ou={unit},{BASE}", ["organizationalUnit"], ou=unit)
    add(READER, ["organizationalRole", "simpleSecurityObject"], userPassword=READER_PASSWORD)
    for dn, fields in PEOPLE.items():
        cn = {} if dn.startswith("cn=") else {"cn": fields["sn"]}
        add(dn, ["inetOrgPerson"], userPassword=PASSWORD, **cn, **fields)
    for dn, members in GROUPS.items():
        add(dn, ["groupOfNames"], member=members)
    add(f"cn=by-name,ou=groups,{BASE}", ["posixGroup"], gidNumber="7000", memberUid=["ada"])


@contextmanager
def running(folder: Path) -> Iterator[Directory]:
    program = tool("slapd")
    authority, certificate, key = certificates.make(folder)
    (folder / "data").mkdir()
    (folder / "slapd.conf").write_text(
        CONFIGURATION.format(
            folder=folder, base=BASE, reader=READER, authority=authority, certificate=certificate,
            key=key,
        )
    )  # fmt: skip
    directory = Directory(_free_port(), _free_port(), authority)
    addresses = f"ldap://127.0.0.1:{directory.plain} ldaps://127.0.0.1:{directory.secure}"
    process = subprocess.Popen(
        [program, "-f", str(folder / "slapd.conf"), "-h", addresses, "-d", "0"]
    )
    try:
        for _ in range(100):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", directory.plain)) == 0:
                    break
            assert process.poll() is None, "slapd did not start."
            time.sleep(0.05)
        _fill(directory.root())
        yield directory
    finally:
        process.terminate()
        process.wait(10)
