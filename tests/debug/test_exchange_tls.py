"""A call over TLS with a private authority: timed, and its snippets trust the same file."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys

import pytest
import trustme
from relay import relay_to

import vodnb

ASSET = "f4" * 16


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """One call over TLS, and the environment in which its snippets run."""
    folder = tmp_path_factory.mktemp("tls")
    authority, bundle = trustme.CA(), str(folder / "the authority's.pem")
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with vodnb.sandbox() as box, relay_to(box.endpoint, lambda came: came, tls=context) as address:
        place = {"endpoint": address, "region": box.region, "project_id": box.project_id}
        vod = vodnb.connect(**place, ca_bundle=bundle, ak=box.ak, sk=box.sk, lang="en")
        exchange = vod.call("info", asset_id=[ASSET])
        secrets = {"HUAWEICLOUD_SDK_AK": box.ak, "HUAWEICLOUD_SDK_SK": box.sk}
        yield exchange, {**os.environ, **secrets, "HOME": str(folder)}, folder
        vod.close()


def test_parts_of_a_call_over_tls_are_timed(played):
    """Connecting, TLS, the first byte and all of it."""
    exchange, _, _ = played
    assert exchange.ok
    timings = exchange.last.timings
    assert 0 < timings.tls_ms < timings.first_byte_ms <= timings.total_ms
    assert timings.connect_ms > 0
    assert f"TLS {timings.tls_ms} ms" in repr(exchange)


@pytest.mark.parametrize("form", ["curl", "python", "sdk"])
def test_snippet_trusts_the_same_authority(played, form):
    """It names the file of the connection, however that is called, and the check stays on."""
    exchange, environ, folder = played
    if form == "curl" and not (shutil.which("bash") and shutil.which("curl")):
        pytest.skip("bash and curl run the snippet")
    script = getattr(exchange, form)()
    assert "the authority" in script
    command = ["bash", "-c"] if form == "curl" else [sys.executable, "-W", "ignore", "-c"]
    ran = subprocess.run(
        [*command, script], env=environ, cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "NO_ASSET" in ran.stdout


def test_saved_exchange_names_no_file_of_this_machine(played, tmp_path):
    """The authority's file stays here; a loaded exchange speaks of none."""
    exchange, _, folder = played
    path = exchange.save(tmp_path / "x.json")
    assert str(folder) not in path.read_text("utf-8")
    assert vodnb.load_exchange(path).place.ca_bundle == ""
