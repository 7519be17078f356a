"""What is measured side by side: each way to confirm the same assets, in a process of its own.

Run as `python -m vodnb.cli.bench.stacks URL NAME ...`: it prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from vodnb.kernel.loop import version_of
from vodnb.rules.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from vodnb.session.vod import Vod

_Result = TypeVar("_Result")

_PROJECT = "0" * 32
_AK, _SK = "BENCHBENCHBENCHBENCH", "b" * 40
_TOKEN = "MIIbench" + "x" * 1992
"""As long as IAM's tokens are (facts: about 2,000 characters)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a stack has to do, with so many calls under way at once."""

    url: str
    assets: list[str]
    workers: int
    ca: str
    """PEM file of the authority that signed the server's certificate; "" for plain HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What it cost, from the list of IDs to the last answer."""

    seconds: float
    cpu: float
    """Seconds of CPU of the whole process, all threads."""
    peak: int
    """Most memory of the process, in bytes."""
    right: int
    """Assets that were answered as they should."""


def _with_vodnb(work: Work) -> Callable[[], int]:
    """Everything on that a user has: AK/SK signatures, journal, results table."""
    from vodnb.session.offline import load_assets

    vod = connected(work)

    def run() -> int:
        # The others do not look, and do not read back.
        results = vod.confirm(
            load_assets(work.assets),
            rate=None,
            workers=work.workers,
            check_first=False,
            verify=False,
            progress=False,
        )
        return int(results["outcome"].eq("confirmed").sum())

    return run


def _with_sdk(work: Work) -> Callable[[], int]:
    """The official SDK's synchronous client, in as many threads as there are workers."""
    from concurrent.futures import ThreadPoolExecutor

    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.http.http_config import HttpConfig
    from huaweicloudsdkvod.v1 import ConfirmAssetUploadReq, ConfirmAssetUploadRequest, VodClient

    config = HttpConfig.get_default_config()
    # Its default of 10 would make most requests of many threads pay for a connection of their own.
    config.pool_maxsize = work.workers
    config.ssl_ca_cert = work.ca or None
    client = (
        VodClient.new_builder()
        .with_http_config(config)
        .with_credentials(BasicCredentials(_AK, _SK, _PROJECT))
        .with_endpoint(work.url)
        .build()
    )

    def confirm(asset_id: str) -> bool:
        body = ConfirmAssetUploadReq(asset_id=asset_id, status="CREATED")
        answer = client.confirm_asset_upload(ConfirmAssetUploadRequest(body=body))
        return bool(answer.asset_id == asset_id)

    def run() -> int:
        with ThreadPoolExecutor(work.workers) as pool:
            return sum(pool.map(confirm, work.assets))

    return run


def _with_httpx(work: Work) -> Callable[[], int]:
    """A plain loop over httpx, with a token: no signature, no journal, no table."""
    import ssl

    import httpx

    async def run() -> int:
        limits = httpx.Limits(max_connections=work.workers)
        verify = ssl.create_default_context(cafile=work.ca) if work.ca else False
        async with httpx.AsyncClient(
            limits=limits, verify=verify, trust_env=False, timeout=60
        ) as client:

            async def confirm(asset_id: str) -> bool:
                answer = await client.post(**_request(work, asset_id))
                return bool(answer.json()["asset_id"] == asset_id)

            return await _shared_out(work, confirm)

    return lambda: asyncio.run(run())


def _with_aiohttp(work: Work) -> Callable[[], int]:
    """A plain loop over aiohttp, likewise."""
    import ssl

    import aiohttp

    async def run() -> int:
        context = ssl.create_default_context(cafile=work.ca) if work.ca else True
        connector = aiohttp.TCPConnector(limit=work.workers, ssl=context)
        async with aiohttp.ClientSession(connector=connector) as client:

            async def confirm(asset_id: str) -> bool:
                async with client.post(**_request(work, asset_id)) as answer:
                    return bool((await answer.json())["asset_id"] == asset_id)

            return await _shared_out(work, confirm)

    return lambda: asyncio.run(run())


async def _shared_out(work: Work, confirm: Callable[[str], Coroutine[Any, Any, bool]]) -> int:
    """Let the workers take asset after asset; return how many were answered as they should."""
    left = iter(work.assets)

    async def one() -> int:
        return sum([await confirm(asset_id) for asset_id in left])

    return sum(await asyncio.gather(*(one() for _ in range(work.workers))))


def _request(work: Work, asset_id: str) -> dict[str, Any]:
    return {
        "url": f"{work.url}/v1.0/{_PROJECT}/asset/status/uploaded",
        "json": {"asset_id": asset_id, "status": "CREATED"},
        "headers": {"X-Auth-Token": _TOKEN},
    }


_Make = Callable[[Work], Callable[[], int]]

STACKS: dict[str, tuple[_Make, str]] = {
    "vodnb": (_with_vodnb, "vodnb"),
    "official SDK": (_with_sdk, "huaweicloudsdkvod"),
    "httpx loop": (_with_httpx, "httpx"),
    "aiohttp loop": (_with_aiohttp, "aiohttp"),
}
"""By name: what makes it ready to run, and the package that it needs."""


def connected(work: Work) -> Vod:
    """Return a connection to the server, with AK/SK signatures."""
    from vodnb.session.connect import connect

    return connect(
        endpoint=work.url,
        region="cn-north-4",
        project_id=_PROJECT,
        ak=_AK,
        sk=_SK,
        ca_bundle=work.ca or None,
    )


def installed() -> dict[str, str]:
    """Return the versions of what the stacks are built on, of those that are installed."""
    versions = {name: version_of(package) for name, (_, package) in STACKS.items()}
    return {name: told for name, told in versions.items() if told}


def _measure(name: str, work: Work) -> Cost:
    right, seconds, cpu = timed(STACKS[name][0](work))
    return Cost(seconds=seconds, cpu=cpu, peak=_peak(), right=right)


def timed(run: Callable[[], _Result]) -> tuple[_Result, float, float]:
    """Return what a run gives, and the seconds and CPU seconds, of all threads, that it took."""
    # Not os.times, which counts in hundredths: a fast stack would have cost nothing.
    before, began = time.process_time(), time.perf_counter()
    result = run()
    return result, time.perf_counter() - began, time.process_time() - before


def _peak() -> int:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError as missing:
        raise SetupError(
            "This system does not tell how much memory a process took.",
            do="Run the benchmark on Linux or macOS.",
        ) from missing
    import sys

    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def answer(told: str | None, names: Iterable[str], measure: Callable[[str, Work], Any]) -> None:
    """Do as the command line says, in an empty folder, and print what it came to as JSON.

    Args:
        told: What this program is.
        names: What can be measured.
        measure: Measures one of them, and returns a dataclass.
    """
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("url")
    parser.add_argument("name", choices=names)
    parser.add_argument("--assets", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--ca", default="")
    options = parser.parse_args()
    assets = [f"{each:032x}" for each in range(options.assets)]
    work = Work(url=options.url, assets=assets, workers=options.workers, ca=options.ca)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="vodnb-bench-") as folder, contextlib.chdir(folder):
        print(json.dumps(asdict(measure(options.name, work))))


if __name__ == "__main__":
    answer(__doc__, STACKS, _measure)
