"""The connection: who it is for, what it refuses, and what it keeps."""

from __future__ import annotations

import re
import socket

import pandas as pd
import pytest

import vodnb
from vodnb.emulator.faults import Behaviour
from vodnb.rules.errors import InputError, SetupError, SignInError, VodnbError

TOKEN = "MIICANARYtoken0123456789"
SK = "CANARYsk0123456789abcdefghijklmnopqrstuv"
AK = "CANARYAK0123456789AB"
PASSWORD = "CANARYpassword!1"
CANARY = "CANARY"


@pytest.fixture(scope="module")
def box():
    """A sandbox without a quota, for all tests of this file."""
    with vodnb.sandbox(behaviour=Behaviour(quota=None)) as running:
        yield running


@pytest.fixture
def calls(box):
    """Return the calls served since the test began."""
    mark = len(box.ledger())
    yield lambda: box.ledger()[mark:]
    box.clear_faults()


@pytest.fixture
def connect(monkeypatch):
    """Connect, and close at the end."""
    opened = []

    def connect_and_note(**settings):
        opened.append(vodnb.connect(**settings))
        return opened[-1]

    yield connect_and_note
    for found in opened:
        found.close()


@pytest.fixture
def place(box, monkeypatch):
    """Where the sandbox is, as arguments of `connect`."""
    monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)
    return {"endpoint": box.endpoint, "region": box.region}


@pytest.fixture
def vod(box, place, connect):
    """A connection to the sandbox with a token, as to the real service."""
    return connect(**place, project_id=box.project_id, token=box.token, lang="en")


def fresh(count: int, start: int = 0) -> list[str]:
    """Return IDs that no other test uses."""
    return [f"{(start << 32) + number:032x}" for number in range(count)]


def quick(vod, assets, **options):
    """Confirm without pacing or pictures."""
    return vod.confirm(assets, rate=None, progress=False, **options)


# -- connect -------------------------------------------------------------------------------------


def test_no_credentials_names_the_variables():
    """Without any credential the error says what to set, and how to try without an account."""
    with pytest.raises(SetupError) as caught:
        vodnb.connect()
    for name in (
        "VODNB_TOKEN", "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "VODNB_IAM_USER",
        "VODNB_IAM_PASSWORD", "VODNB_IAM_DOMAIN", "forms.connect()", "sandbox=True",
    ):  # fmt: skip
        assert name in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["endpoint", "region", "project_id", "profile", "ca_bundle", "token", "ak", "sk",
     "security_token", "iam_user", "iam_password", "iam_domain"],
)  # fmt: skip
def test_sandbox_takes_no_other_setting(name):
    """A setting that would be ignored is refused by its name."""
    with pytest.raises(SetupError, match=f"sandbox=True and {name} exclude each other"):
        vodnb.connect(sandbox=True, **{name: TOKEN})


def test_sandbox_is_shared_and_reads_no_environment(connect, monkeypatch):
    """Two connections share one sandbox; settings of the real account do not reach it."""
    monkeypatch.setenv("VODNB_TOKEN", TOKEN)
    monkeypatch.setenv("VODNB_REGION", "cn-north-4")
    one, other = connect(sandbox=True), connect(sandbox=True, lang="zh")
    assert one.sandbox is other.sandbox
    assert one.sandbox.endpoint in repr(one)
    assert "cn-north-4" not in repr(one.settings()).replace(one.sandbox.region, "")
    assert list(quick(one, one.sandbox.add(fresh(2, 1)))["outcome"]) == ["confirmed"] * 2


def test_real_connection_has_no_sandbox(vod):
    """Asking it for one says which connection would have it."""
    with pytest.raises(SetupError, match=r"talks to the real service. .*sandbox=True"):
        _ = vod.sandbox


def test_repr_tells_where_and_whose(vod, box, place, connect):
    """The endpoint and the project; a project that is not known yet is said to be looked up."""
    assert repr(vod) == f"Vod({box.endpoint}, project {box.project_id})"
    assert "project to be looked up" in repr(connect(**place, token=box.token))


def test_close_can_be_repeated_and_undone(vod, box):
    """A closed connection opens again by itself."""
    vod.close()
    vod.close()
    assert list(quick(vod, box.add(fresh(1, 2)))["outcome"]) == ["confirmed"]
    vod.close()


# -- sign_in -------------------------------------------------------------------------------------


def test_new_token_keeps_the_place_and_forgets_the_old(box, connect, place, calls):
    """After a key has gone, a token goes on with the same endpoint, region and project."""
    vod = connect(**place, ak=box.ak, sk=box.sk, lang="zh")
    quick(vod, box.add(fresh(1, 3)))
    before = vod._connection.settings
    vod.sign_in(token=box.token)
    after = vod._connection.settings
    same = ("endpoint", "iam_endpoint", "region", "lang", "ca_bundle")
    assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
    assert after.project_id == box.project_id
    assert [secret.reveal() for secret in after.secrets] == [box.token]
    assert "sk" not in [row.name for row in vod.settings().rows]
    assert quick(vod, box.add(fresh(1, 4)))["outcome"].eq("confirmed").all()
    lookups = [call.operation for call in calls() if call.operation not in ("confirm", "info")]
    assert lookups == ["projects"]


def test_unknown_credential_is_refused_by_name(vod):
    """sign_in names what it does not know, and all that it takes."""
    with pytest.raises(SetupError, match=r"knows no region, tokn\. It takes ak, iam_domain"):
        vod.sign_in(tokn="x", region="y")


def test_refused_sign_in_leaves_the_old_one(vod, box):
    """An incomplete credential changes nothing."""
    before = vod._connection.settings
    with pytest.raises(SetupError):
        vod.sign_in(sk="x" * 40)
    assert vod._connection.settings is before
    assert list(quick(vod, box.add(fresh(1, 5)))["outcome"]) == ["confirmed"]


# -- what is refused before any call ------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"status": "CANCELED"}, "Did you mean"),
        ({"status": "DONE"}, "none of CREATED"),
        ({"status": "CANCELLED"}, "write destroy=2"),
        ({"status": "FAILED", "destroy": 3}, "write destroy=2"),
        ({"destroy": 2}, "Leave it out"),
        ({"rate": "fast"}, "fast"),
        ({"workers": 0}, "workers=0"),
        ({"workers": 8.0, "deadline": 0, "attempts": 0}, "workers=8.0.*deadline=0.*attempts=0"),
        ({"lang": "fr"}, "fr"),
    ],
)
def test_bad_option_costs_no_call(vod, calls, options, told):
    """An option that makes no sense is refused with its value, and nothing was sent."""
    with pytest.raises(InputError, match=told):
        vod.confirm(fresh(2, 6), **{"rate": None, "progress": False, **options})
    assert calls() == []


def test_missing_file_costs_no_call(vod, calls):
    """A path that is none is refused."""
    with pytest.raises(InputError, match="There is no file"):
        vod.confirm("no-such.csv")
    assert calls() == []


@pytest.mark.waits
def test_retry_with_another_status_costs_no_call(vod, calls, box):
    """What is left over of a CREATED run is not cancelled by mistake."""
    box.fault(code="VOD.10051", times=9)
    results = quick(vod, box.add(fresh(1, 7)), deadline=0.1, attempts=1)
    again = vodnb.to_retry(results)
    count = len(calls())
    with pytest.raises(InputError, match="left over from a run with status CREATED"):
        quick(vod, again, status="CANCELLED", destroy=1)
    assert len(calls()) == count


def test_destroying_takes_the_number_of_distinct_valid_assets(vod, box):
    """With the right number the parts are cancelled; copies and broken rows do not count."""
    one, other = box.add(fresh(2, 8))
    results = quick(vod, [one, other, one, "1.2E+31"], status="CANCELLED", destroy=2)
    assert list(results["outcome"]) == ["confirmed", "confirmed", "confirmed", "invalid"]
    assert {box.states()[one], box.states()[other]} == {"CANCELLED"}
    assert set(results["requested_status"]) == {"CANCELLED"}


# -- what confirm takes --------------------------------------------------------------------------


def test_confirm_takes_whatever_load_assets_takes(vod, box, tmp_path):
    """Path, pasted text, list, DataFrame, its own result and earlier results, saved or not."""
    one, other = box.add(fresh(2, 9))
    text = f"asset_id,title\n{one},a\n{other},b\n"
    path = tmp_path / "in.csv"
    path.write_text(text)
    results = quick(vod, str(path))
    assert list(results["outcome"]) == ["confirmed"] * 2
    saved = vodnb.save(results, tmp_path / "out.csv")
    frame = pd.DataFrame({"asset_id": [one, other]}, index=["x", "y"])
    for source in (path, text, [one, other], frame, vodnb.load_assets(path), results, saved):
        again = quick(vod, source)
        assert list(again["outcome"]) == ["already_confirmed"] * 2
        assert again.columns.is_unique
    assert list(quick(vod, frame).index) == ["x", "y"]


def test_run_without_a_journal_leaves_no_trace(vod, box, tmp_path):
    """`journal=False` writes nothing; a folder takes the journal; by default it is here."""
    assert quick(vod, box.add(fresh(1, 17)), journal=False)["outcome"][0] == "confirmed"
    assert list(tmp_path.iterdir()) == []
    quick(vod, box.add(fresh(1, 18)), journal=tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    quick(vod, box.add(fresh(1, 19)))
    assert (tmp_path / ".vodnb").is_dir()


def test_lang_of_the_call_outranks_the_connection(vod, box):
    """`lang=` changes the words of this run alone."""
    english, chinese = quick(vod, fresh(1, 10)), quick(vod, fresh(1, 10), lang="zh")
    assert english["meaning"][0].isascii()
    assert not chinese["meaning"][0].isascii()
    assert vodnb.summary(chinese).lang == "zh"
    assert vodnb.summary(chinese, lang="en").lang == "en"


# -- sign-in that goes wrong ---------------------------------------------------------------------


def wrong_credentials(box):
    """Return connections that cannot work: what to connect with, and what the message names."""
    user = {
        "iam_user": box.iam_user,
        "iam_password": box.iam_password,
        "iam_domain": box.iam_domain,
    }
    project = {"project_id": box.project_id}
    return {
        "token": ({"token": TOKEN, **project}, "sign_in|token"),
        "token, project looked up": ({"token": TOKEN}, "token"),
        "sk": ({"ak": box.ak, "sk": SK, **project}, "SK|secret"),
        "ak": ({"ak": AK, "sk": box.sk, **project}, "AK|access key"),
        "password": ({**user, "iam_password": PASSWORD}, "VODNB_IAM_PASSWORD"),
        "project": ({"token": box.token, "project_id": "f" * 32}, "project"),
    }


@pytest.mark.parametrize(
    "kind", ["token", "token, project looked up", "sk", "ak", "password", "project"]
)
def test_wrong_credential_costs_two_calls_at_most(kind, connect, box, place, calls):
    """It is told with its cause and remedy; nothing is confirmed, no key or user gets locked."""
    settings, told = wrong_credentials(box)[kind]
    vod = connect(**place, **settings, lang="en")
    with pytest.raises(VodnbError) as caught:
        quick(vod, box.add(fresh(3, 11)))
    assert isinstance(caught.value, SignInError if kind != "project" else VodnbError)
    assert 1 <= len(calls()) <= 2
    assert not [call for call in calls() if call.operation == "confirm"]
    assert re.search(told, str(caught.value))
    assert caught.value.do
    assert CANARY not in str(caught.value).replace("CANA***", "")


def test_port_where_nothing_listens_is_told(box, connect, calls):
    """The endpoint and the cause are named, and the sandbox saw nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        vod = connect(
            endpoint=f"http://127.0.0.1:{port}", region=box.region, project_id="p", token=TOKEN
        )
        with pytest.raises(SetupError, match=f"127.0.0.1:{port} was not reached") as caught:
            quick(vod, fresh(1, 12))
    assert f"endpoint http://127.0.0.1:{port}" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert calls() == []


def test_host_that_does_not_exist_is_told(monkeypatch, connect):
    """A name that cannot be resolved is told as such, with the endpoint."""

    def no_such_name(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    vod = connect(endpoint="https://vod.nowhere.invalid", project_id="p", token=TOKEN)
    with pytest.raises(SetupError, match=r"vod\.nowhere\.invalid was not reached") as caught:
        quick(vod, fresh(1, 13))
    assert "endpoint https://vod.nowhere.invalid" in str(caught.value)


@pytest.mark.parametrize("kind", ["user", "key", "temporary key"])
def test_every_credential_does_the_whole_job(kind, connect, box, place, calls):
    """An IAM user, a key and a temporary key confirm like a token; the project is looked up."""
    temporary = box.temporary_key
    settings = {
        "user": {
            "iam_user": box.iam_user,
            "iam_password": box.iam_password,
            "iam_domain": box.iam_domain,
        },
        "key": {"ak": box.ak, "sk": box.sk},
        "temporary key": {
            "ak": temporary.ak,
            "sk": temporary.sk,
            "security_token": temporary.security_token,
        },
    }[kind]
    vod = connect(**place, **settings)
    assets = box.add(fresh(12, {"user": 14, "key": 15, "temporary key": 16}[kind]))
    assert set(quick(vod, assets)["outcome"]) == {"confirmed"}
    posts = [call.asset_id for call in calls() if call.operation == "confirm"]
    assert sorted(posts) == sorted(assets)
    assert box.project_id in repr(vod)
