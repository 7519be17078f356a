"""The official SDK works against the sandbox unchanged: so it speaks the real protocol."""

from __future__ import annotations

import importlib
import warnings
from types import SimpleNamespace

import pytest

from vodnb.emulator.server import sandbox

ID = "f488337c31c8e4622f1590735b134c65"
UNKNOWN = "00000000000000000000000000000000"


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """The SDK; it writes into the home folder when imported, so it gets one of its own."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        home = str(tmp_path_factory.mktemp("home"))
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, home)
        # Its own datetime.utcnow() and the like: nothing that we could mend.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=SyntaxWarning)
        yield SimpleNamespace(
            vod=importlib.import_module("huaweicloudsdkvod.v1"),
            credentials=importlib.import_module("huaweicloudsdkcore.auth.credentials"),
            errors=importlib.import_module("huaweicloudsdkcore.exceptions.exceptions"),
        )


@pytest.fixture
def box():
    """A sandbox with one hanging asset."""
    with sandbox() as running:
        running.add(ID)
        yield running


@pytest.fixture
def connect(sdk, box):
    """Build clients of the SDK for given credentials, and close their sockets in the end."""
    clients = []

    def build(credentials: object) -> object:
        client = sdk.vod.VodClient.new_builder().with_credentials(credentials)
        client = client.with_endpoint(box.endpoint).build()
        clients.append(client)
        return client

    yield build
    for client in clients:
        client._http_client._session.close()


def confirm_with(sdk, client, asset_id):
    """Confirm one asset the SDK's way."""
    body = sdk.vod.ConfirmAssetUploadReq(asset_id=asset_id, status="CREATED")
    return client.confirm_asset_upload(sdk.vod.ConfirmAssetUploadRequest(body=body))


def test_sdk_confirms_looks_and_lists(sdk, box, connect):
    """Signed by the SDK, confirm, asset/info and asset/list do what they should."""
    client = connect(sdk.credentials.BasicCredentials(box.ak, box.sk, box.project_id))
    assert confirm_with(sdk, client, ID).asset_id == ID
    assert box.states()[ID] == "CREATED"
    asked = sdk.vod.ShowAssetMetaRequest(asset_id=[ID, UNKNOWN])
    rows = client.show_asset_meta(asked).asset_info_array
    assert {row.asset_id: row.status for row in rows} == {ID: "CREATED", UNKNOWN: "NO_ASSET"}
    box.add(ID, state="PUBLISHED")
    asked = sdk.vod.ListAssetListRequest(query_string="Asset f488", status=["PUBLISHED"], size=5)
    listed = client.list_asset_list(asked)
    assert (listed.total, listed.assets[0].asset_id) == (1, ID)
    created = client.create_asset_by_file_upload(
        sdk.vod.CreateAssetByFileUploadRequest(
            body=sdk.vod.CreateAssetByFileUploadReq(
                title="第1课", video_name="1.mp4", video_type="MP4"
            )
        )
    )
    assert box.states()[created.asset_id] == "CREATING"


def test_sdk_reads_the_errors(sdk, box, connect):
    """The SDK finds code, status and request ID of a refusal where it looks for them."""
    client = connect(sdk.credentials.BasicCredentials(box.ak, box.sk, box.project_id))
    with pytest.raises(sdk.errors.ServiceResponseException) as caught:
        confirm_with(sdk, client, UNKNOWN)
    assert (caught.value.error_code, caught.value.status_code) == ("VOD.10062", 403)
    assert caught.value.request_id == box.ledger()[-1].request_id


def test_sdk_with_a_wrong_key_is_told_so(sdk, box, connect):
    """A wrong secret key comes back as the gateway's APIGW.0301."""
    client = connect(sdk.credentials.BasicCredentials(box.ak, "x" * 40, box.project_id))
    with pytest.raises(sdk.errors.ClientRequestException) as caught:
        confirm_with(sdk, client, ID)
    assert (caught.value.error_code, caught.value.status_code) == ("APIGW.0301", 401)
    assert "verify aksk signature fail, canonicalRequest:POST|" in caught.value.error_msg
    assert box.states()[ID] == "CREATING"


def test_sdk_with_a_temporary_key_works(sdk, box, connect):
    """A temporary key is good with its security token, and only with it."""
    key = box.temporary_key
    credentials = sdk.credentials.BasicCredentials(key.ak, key.sk, box.project_id)
    with pytest.raises(sdk.errors.ClientRequestException, match="decrypt token fail"):
        confirm_with(sdk, connect(credentials), ID)
    client = connect(credentials.with_security_token(key.security_token))
    assert confirm_with(sdk, client, ID).asset_id == ID
