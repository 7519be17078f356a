"""The server that is measured against, in a process of its own, and what runs against it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from vodnb.rules.errors import SetupError, VodnbError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server:
    """The server of `vodnb.cli.bench.echo`, in a process of its own, its pipes to talk by."""

    def __init__(self, process: subprocess.Popen[str], ca: str) -> None:
        self._process = process
        self._ca = ca
        self._port = int(self._asked(""))

    def run(self, module: str, *arguments: str) -> tuple[dict[str, Any], int]:
        """Run a module of this package against the server, in a process of its own.

        Returns:
            The JSON object that it prints, and how many connections it had at once.

        Raises:
            VodnbError: It failed.
        """
        scheme = "https" if self._ca else "http"
        self._asked("\n")
        url = f"{scheme}://127.0.0.1:{self._port}"
        command = [sys.executable, "-m", module, url, "--ca", self._ca, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise VodnbError(
                f"The benchmark failed: {' '.join(arguments)}.",
                done.stderr.strip()[-500:],
                "Mend what stands above, or report it, and run the benchmark again.",
            )
        return json.loads(done.stdout.splitlines()[-1]), int(self._asked("\n"))

    def _asked(self, line: str) -> str:
        """Return the line that the server says to this one."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if not stdin or not stdout:
            raise TypeError("the server was started without pipes")
        stdin.write(line)
        stdin.flush()
        return stdout.readline()


@contextmanager
def serving(*, latency: float, is_tls: bool = False, keeps: bool = False) -> Iterator[Server]:
    """Give a server that waits so many seconds before each answer, and end it.

    Args:
        latency: These seconds.
        is_tls: Whether its connections are encrypted.
        keeps: Whether it keeps what was confirmed, and tells so when it is asked for states.

    Raises:
        SetupError: TLS is asked for, and there is nothing to make a certificate with.
    """
    with TemporaryDirectory(prefix="vodnb-bench-") as folder:
        certificate, ca = _certificate(Path(folder)) if is_tls else ("", "")
        command = [sys.executable, "-m", "vodnb.cli.bench.echo", "--latency", str(latency)]
        if certificate:
            command += ["--certificate", certificate]
        if keeps:
            command.append("--keep")
        with subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield Server(process, ca)
            finally:
                if process.stdin:
                    process.stdin.close()


def _certificate(folder: Path) -> tuple[str, str]:
    """Return the files of a certificate for 127.0.0.1 and of the authority that signed it."""
    try:
        import trustme
    except ImportError as missing:
        raise SetupError(
            "There is nothing to make a certificate with.",
            "TLS cannot be measured.",
            'Run: pip install "vodnb[bench]"; or leave --tls out.',
        ) from missing
    authority = trustme.CA()
    made, ca = folder / "server.pem", folder / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(made)
    authority.cert_pem.write_to_path(ca)
    return str(made), str(ca)
