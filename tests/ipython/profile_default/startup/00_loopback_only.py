"""Holds a notebook's kernel to loopback: pytest-socket does not reach into another process."""

import pytest_socket

pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)
del pytest_socket
