"""A connection shows no secret: not itself, not its settings, not in the longest traceback."""

from __future__ import annotations

import copy
import pickle
import traceback
from pathlib import Path

import pytest
from IPython.core.ultratb import VerboseTB

import vodnb
from vodnb.rules.errors import SignInError, VodnbError

TOKEN = "MIICANARYtoken0123456789"
SK = "CANARYsk0123456789abcdefghijklmnopqrstuv"
AK = "CANARYAK0123456789AB"
PASSWORD = "CANARYpassword!1"
CANARY = "CANARY"
EAST = {"region": "cn-east-2"}

CREDENTIALS = [
    {"token": TOKEN},
    {"ak": AK, "sk": SK, "security_token": TOKEN},
    {"iam_user": "mia", "iam_password": PASSWORD, "iam_domain": "acme"},
]


def all_texts(vod) -> str:
    """Return everything that a notebook can show of a connection."""
    here = vod._connection
    parts = [vod, vars(vod), vod.settings(), vars(here), vars(here.client), here.client.redact]
    bundle = vod.settings()._repr_mimebundle_()
    return "\n".join([*map(repr, parts), *map(str, parts), *bundle.values()])


@pytest.mark.parametrize("credential", CREDENTIALS, ids="+".join)
def test_connection_shows_no_secret(credential):
    """Neither itself, nor its attributes, nor its settings; of the AK four characters may show."""
    told = all_texts(vodnb.connect(**EAST, **credential))
    assert CANARY not in told.replace("CANA***", "")
    assert "***" in told


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_connection_cannot_be_taken_elsewhere(take):
    """It is neither pickled nor deeply copied, and the refusal shows no secret."""
    vod = vodnb.connect(**EAST, token=TOKEN)
    if take is copy.copy:
        assert CANARY not in all_texts(take(vod))
        return
    with pytest.raises(TypeError) as caught:
        take(vod)
    assert CANARY not in str(caught.value)


def sign_in_with(**credentials):
    """Return a call that signs in anew on a connection that is all right."""

    def call():
        vodnb.connect(**EAST, token="MIIharmless0123456789").sign_in(**credentials)

    return call


def connect_with(**settings):
    """Return a call that connects."""
    return lambda: vodnb.connect(**settings)


BAD_SETTINGS = {
    "no region": connect_with(token=TOKEN),
    "a line break": connect_with(**EAST, token=f"{TOKEN}\n\n{TOKEN}"),
    "bytes": connect_with(**EAST, token=TOKEN.encode()),
    "a number for a region": connect_with(region=4, token=TOKEN),
    "two credentials": connect_with(**EAST, token=TOKEN, ak=AK, sk=SK),
    "half a key": connect_with(**EAST, sk=SK),
    "half a user": connect_with(**EAST, iam_password=PASSWORD),
    "plain http": connect_with(endpoint="http://vod.example.com", token=TOKEN),
    "a secret in the URL": connect_with(endpoint=f"https://u:{TOKEN}@x.example", token=TOKEN),
    "no such bundle": connect_with(**EAST, ca_bundle="/no/such.pem", sk=SK, ak=AK),
    "no such language": connect_with(**EAST, lang="xx", token=TOKEN, project_id="p"),
    "sandbox too": connect_with(sandbox=True, token=TOKEN),
    "an unknown credential": sign_in_with(tokn=TOKEN),
    "a bad token": sign_in_with(token=f"{TOKEN}\n\n{TOKEN}"),
    "a bytes token": sign_in_with(token=TOKEN.encode()),
    "a lonely key": sign_in_with(sk=SK),
}


@pytest.mark.parametrize("call", BAD_SETTINGS.values(), ids=BAD_SETTINGS)
@pytest.mark.parametrize("with_environment", [False, True])
def test_verbose_traceback_shows_no_secret(call, with_environment, monkeypatch):
    """Whatever is wrong with the settings: no frame of ours holds a secret in the clear."""
    if with_environment:
        monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", TOKEN)
    with pytest.raises(VodnbError) as caught:
        call()
    error: BaseException | None = caught.value
    assert CANARY not in str(error)
    while error:
        frames = [found for found, _ in traceback.walk_tb(error.__traceback__)]
        ours = [frame for frame in frames if is_ours(frame)]
        assert not [frame for frame in ours if CANARY in repr(frame.f_locals)]
        error = error.__cause__ or error.__context__
    told = "".join(VerboseTB(theme_name="nocolor").text(*first_of_ours(caught.value)))
    assert type(caught.value).__name__ in told
    assert CANARY not in told


def is_ours(frame):
    """Whether a frame is of the package, in whatever folder the checkout is."""
    return Path(frame.f_code.co_filename).is_relative_to(Path(vodnb.__file__).parent)


def first_of_ours(error):
    """Return the error with the part of its traceback that begins in the package."""
    trace = error.__traceback__
    while not is_ours(trace.tb_frame):
        trace = trace.tb_next
    return type(error), error.with_traceback(trace), trace


@pytest.mark.parametrize("credential", CREDENTIALS, ids="+".join)
def test_failed_run_shows_no_secret(credential, monkeypatch):
    """When the service refuses the sign-in, the traceback of the run holds no secret either."""
    for name, value in credential.items():
        prefix = "VODNB" if name == "token" or name.startswith("iam") else "HUAWEICLOUD_SDK"
        monkeypatch.setenv(f"{prefix}_{name.upper()}", value)
    with vodnb.sandbox() as box:
        monkeypatch.setenv("VODNB_IAM_ENDPOINT", box.iam_endpoint)
        vod = vodnb.connect(endpoint=box.endpoint, region=box.region)
        with pytest.raises(SignInError) as caught:
            vod.confirm(["0" * 32], progress=False)
        vod.close()
    told = "".join(VerboseTB(theme_name="nocolor").text(*first_of_ours(caught.value)))
    assert "SignInError" in told
    assert CANARY not in told.replace("CANA***", "")
