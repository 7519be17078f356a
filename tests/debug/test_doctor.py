"""The doctor looks at ten things in order, says what to do, and spends at most two credentials."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace

import pytest
from connections import connect_to
from form_play import active_nodes
from relay import relay_to
from scripted_http import SETTINGS

import vodnb
from vodnb.debug import doctor as doctoring
from vodnb.debug import machine
from vodnb.debug.doctor import examine
from vodnb.emulator.faults import Behaviour
from vodnb.kernel.loop import loses_cells
from vodnb.rules.answers import Fault, FaultKind, Reply
from vodnb.service.transport.http import Http

ORDER = ["python", "kernel", "packages", "settings", "dns", "tls", "proxy", "clock", "credential",
         "quota"]  # fmt: skip
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def box():
    """One sandbox for all."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        yield running


@pytest.fixture(autouse=True)
def _good_pair(monkeypatch):
    """What is installed here is no matter of these tests."""
    monkeypatch.setattr(machine, "version_of", lambda _name: "9.9.9")


@pytest.fixture
def settle(box, monkeypatch):
    """Point the environment to the sandbox, signed in as told."""

    def build(**changes: str) -> None:
        box._admission._failures.clear()
        known = {name: getattr(box, name) for name in ("endpoint", "iam_endpoint", "region",
                                                       "project_id")}  # fmt: skip
        for name, value in {**known, **changes}.items():
            prefix = "HUAWEICLOUD_SDK" if name in {"ak", "sk", "security_token"} else "VODNB"
            if value:
                monkeypatch.setenv(f"{prefix}_{name.upper()}", value)

    return build


def levels(found) -> dict[str, str]:
    """Return the level of each check."""
    return {check.name: check.level for check in found.checks}


def of_network(settings, *answers, monkeypatch, environ=None):
    """Examine settings whose calls are answered so: the knock first."""
    script = list(answers)

    async def send(self, *_args, **_options):
        got = script.pop(0)
        return (
            replace(got, headers={"date": _now(), **got.headers}) if isinstance(got, Reply) else got
        )

    monkeypatch.setattr(Http, "send", send)
    monkeypatch.setattr(
        doctoring.socket, "getaddrinfo", lambda *_a, **_k: [(0, 0, 0, "", ("1.2.3.4",))]
    )
    return asyncio.run(examine(settings, lang="en", environ=environ or {}))


def _now(offset: float = 0.0) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset))


ROOT = Reply(status=404, headers={"content-type": "application/json"}, body=b"{}")
INFO = Reply(status=200, body=b'{"asset_info_array":[],"total":0}')


def refusal(code: str, status: int = 403) -> Reply:
    """Return a refusal."""
    return Reply(status=status, body=f'{{"error_code":"{code}","error_msg":"no"}}'.encode())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_is_well(settle, box, lang):
    """Ten lines in order, exit status 0, in the language asked for."""
    settle(token=box.token)
    found = vodnb.doctor(lang=lang)
    assert [check.name for check in found.checks] == ORDER
    assert set(levels(found).values()) == {"ok"}
    assert found.exit_status == 0
    assert ("All is well." in repr(found)) == (lang == "en")
    assert bool(HAN.search(repr(found))) == (lang == "zh")
    html = found._repr_mimebundle_()["text/html"]
    assert active_nodes(html) == []
    assert box.token not in repr(found) + html


def test_connection_checks_itself(box):
    """`vod.doctor()` is about the connection's own settings."""
    vod = connect_to(box)
    assert vod.doctor().exit_status == 0
    assert box.endpoint in vod.doctor()["settings"].told
    vod.close()


def test_without_settings_the_rest_is_skipped():
    """What is missing is said first, and nothing is looked at that needs it."""
    found = vodnb.doctor(lang="en")
    assert found.exit_status == 2
    assert "VODNB_TOKEN" in found["settings"].do
    assert [level for name, level in levels(found).items() if name in ORDER[4:]] == ["skipped"] * 6
    assert "settings comes first" in found["dns"].told


BROKEN = {
    "wrong SK": ({"sk": "x" * 40}, "The secret key is wrong"),
    "wrong AK": ({"ak": "NOSUCHKEY0123456789A"}, "there is no key NOSU***"),
    "wrong project": ({"project_id": "0" * 32}, "0" * 32),
    "no project": ({"project_id": "", "region": "cn-east-2"}, "cn-east-2"),
}


@pytest.mark.parametrize(("changes", "told"), BROKEN.values(), ids=BROKEN)
def test_bad_credential_costs_two_calls_at_most(settle, box, changes, told):
    """The cause is named, and the key is nowhere near its lock."""
    settle(**{"ak": box.ak, "sk": box.sk, **changes})
    before = len(box.ledger())
    found = vodnb.doctor(lang="en")
    assert levels(found)["credential"] == "bad"
    assert told in found["credential"].told
    assert found["credential"].do
    assert found.exit_status == 2
    # The knock of the door carries no credential.
    assert len(box.ledger()) - before <= 3
    assert sum(box._admission._failures.values()) <= 2


def test_refused_user_costs_two_calls_at_most(settle, box):
    """A fresh token that is refused is not got a second time."""
    settle(iam_user=box.iam_user, iam_domain=box.iam_domain, iam_password=box.iam_password)
    box.fault(operation="info", code="APIGW.0307", http_status=401, times=5)
    before = len(box.ledger())
    found = vodnb.doctor(lang="en")
    box.clear_faults()
    assert levels(found)["credential"] == "bad"
    made = [call.operation for call in box.ledger()[before:] if call.operation]
    assert made == ["token", "info"]


def test_clock_that_is_off_is_told_without_a_credential(settle, box, monkeypatch):
    """Sixteen minutes break a signature; a token bears them, and they are minded."""
    for credential, level in (
        ({"ak": box.ak, "sk": box.sk}, "bad"),
        ({"token": box.token}, "warn"),
    ):
        with monkeypatch.context() as patch:
            settle(**credential)
            for name in ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"):
                if "token" in credential:
                    patch.delenv(name, raising=False)
            vod = vodnb.connect(lang="en")
            ahead = asyncio.run(
                examine(
                    vod._connection.settings, lang="en", environ={}, clock=lambda: time.time() + 960
                )
            )
            vod.close()
        assert levels(ahead)["clock"] == level
        assert "16 minutes ahead" in ahead["clock"].told


def test_unknown_host_is_told(monkeypatch):
    """DNS comes before all that needs it."""

    def nobody(*_args, **_options):
        raise OSError("Name or service not known")

    monkeypatch.setattr(doctoring.socket, "getaddrinfo", nobody)
    found = asyncio.run(examine(SETTINGS, lang="en", environ={}))
    assert levels(found)["dns"] == "bad"
    assert "cn-north-4" in found["dns"].do
    assert "DNS comes first" in found["tls"].told


def test_untrusted_certificate_is_told(monkeypatch):
    """The remedy is a CA file, never to turn the check off."""
    fault = Fault(kind=FaultKind.TLS, detail="self-signed certificate in certificate chain")
    found = of_network(SETTINGS, fault, monkeypatch=monkeypatch)
    assert levels(found)["tls"] == "bad"
    assert "VODNB_CA_BUNDLE" in found["tls"].do
    assert levels(found)["credential"] == "skipped"


def test_unreached_host_and_proxy_page_are_told(monkeypatch):
    """A proxy is named, whether nothing comes of it or a page of its own."""
    monkeypatch.setenv("HTTPS_PROXY", "http://u:CANARYpw@proxy.example:3128")
    fault = Fault(kind=FaultKind.CONNECT, detail="refused")
    assert "refused" in of_network(SETTINGS, fault, monkeypatch=monkeypatch)["proxy"].told
    page = Reply(status=407, headers={"content-type": "text/html"}, body=b"sign in")
    found = of_network(SETTINGS, page, monkeypatch=monkeypatch)
    assert levels(found)["proxy"] == "bad"
    assert "proxy.example:3128" in found["proxy"].told
    assert "left to the proxy" in found["dns"].told
    assert "CANARY" not in repr(found)
    good = of_network(SETTINGS, ROOT, INFO, monkeypatch=monkeypatch)
    assert good["proxy"].told == "proxy.example:3128"
    assert good.exit_status == 0


@pytest.mark.parametrize(
    ("proxy", "host"),
    [("proxy.example:3128", "proxy.example"), ("proxy.example", "proxy.example"),
     ("[2001:db8::7]:3128", "2001:db8::7")],
)  # fmt: skip
def test_name_of_the_proxy_is_looked_up(monkeypatch, proxy, host):
    """Without its port, and without the brackets of an IPv6 address."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
    of_network(SETTINGS, ROOT, INFO, monkeypatch=monkeypatch)
    asked = []
    find = doctoring.socket.getaddrinfo
    monkeypatch.setattr(
        doctoring.socket, "getaddrinfo", lambda *a, **k: (asked.append(a[0]), find(*a, **k))[1]
    )
    visit = doctoring._Visit(SETTINGS, lang="en", environ={}, clock=time.time)
    assert asyncio.run(visit._check_dns()).level == "ok"
    assert asked == [host]


def test_check_that_there_is_none_of_is_a_key_error(monkeypatch):
    """A name that is mistyped is named."""
    found = of_network(SETTINGS, ROOT, INFO, monkeypatch=monkeypatch)
    assert found["dns"].name == "dns"
    with pytest.raises(KeyError, match="dsn"):
        found["dsn"]


def test_things_to_mind_end_with_one(monkeypatch):
    """Throttling, a missing right to read, a key log and a foreign host are minded."""
    throttled = of_network(SETTINGS, ROOT, refusal("APIGW.0308", 429), monkeypatch=monkeypatch)
    assert (throttled["quota"].level, throttled.exit_status) == ("warn", 1)
    unread = of_network(SETTINGS, ROOT, refusal("VOD.10074"), monkeypatch=monkeypatch)
    assert "vod:asset:getInfo" in unread["credential"].do
    assert unread.exit_status == 1
    keylog = {"SSLKEYLOGFILE": "keys.log"}
    logged = of_network(SETTINGS, ROOT, INFO, monkeypatch=monkeypatch, environ=keylog)
    assert (logged["tls"].level, logged.exit_status) == ("warn", 1)
    foreign = replace(SETTINGS, endpoint="https://vod.example.com")
    told = of_network(foreign, ROOT, INFO, monkeypatch=monkeypatch)
    assert (told["settings"].level, told.exit_status) == ("warn", 1)


def test_tampering_proxy_is_named(settle, box):
    """What a proxy does to a signed call comes out at the credential."""
    with relay_to(
        box.endpoint, lambda came: came.with_header("Content-Type", "text/plain")
    ) as address:
        settle(ak=box.ak, sk=box.sk, endpoint=address)
        found = vodnb.doctor(lang="en")
    assert "The header content-type was changed on the way" in found["credential"].told


# -- this machine ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "old", "fork", "loses"),
    [
        ("7.4.0", "1.6.0", "", True),
        ("7.0.0", "1.6.0", "1.7.3", True),
        ("7.4.0", "1.6.0", "1.7.4", False),
        ("6.31.0", "1.6.0", "", False),
        ("", "1.6.0", "", False),
    ],
)
def test_pair_that_loses_cells(monkeypatch, kernel, old, fork, loses):
    """The measured pairs are told, and what to install instead."""
    versions = {"ipykernel": kernel, "nest-asyncio": old, "nest-asyncio2": fork}
    monkeypatch.setattr(machine, "version_of", lambda name: versions.get(name, "1"))
    found = machine.check_packages("en")
    assert found.level == ("warn" if loses else "ok")
    assert ("nest-asyncio2>=1.7.4" in found.do) == loses
    assert loses_cells(ipykernel=kernel, patch=fork or old, is_fork=bool(fork)) == loses
    if loses:
        monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
        assert machine.check_packages("zh").level == "bad"


def test_missing_package_and_old_python_are_bad(monkeypatch):
    """Both say what to install."""
    monkeypatch.setattr(machine, "version_of", lambda name: "" if name == "pandas" else "1.0")
    assert "pandas" in machine.check_packages("en").told
    monkeypatch.setattr(machine, "_OLDEST", (9, 9))
    assert machine.check_python("en").level == "bad"
    monkeypatch.setattr(machine.sys, "platform", "emscripten")
    assert "threads" in machine.check_python("en").told


def test_kernel_is_named(monkeypatch):
    """In a kernel its version, elsewhere that there is none."""
    monkeypatch.delitem(machine.sys.modules, "ipykernel", raising=False)
    assert "plain Python" in machine.check_kernel("en").told
    monkeypatch.setitem(machine.sys.modules, "ipykernel", machine)
    assert machine.check_kernel("en").told == "ipykernel 9.9.9"
