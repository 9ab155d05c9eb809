"""What can be wrong outside this product's processes: ports, a database of one's own."""

from __future__ import annotations

import socket

import psycopg


def port_problem(host: str, port: int) -> str:
    """Why nothing can listen there; empty where it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def database_problem(url: str) -> str:
    """Why the database does not answer; empty where it does."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    return ""
