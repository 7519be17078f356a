"""The steps of every form, one cell each; what is typed comes from a file, never from the cell."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import ipywidgets as widgets
from form_play import control, press, settle, shown

if TYPE_CHECKING:
    from vodnb.forms.app_form import App

SECRETS_FILE = "secrets.json"
LOG_FILE = "kernel.log"
STATE_FILE = "state.json"
DRY = "Dry run: send nothing"

STEPS: dict[str, str] = {
    "app shown": "app = begin(); app",
    "token typed": "fill(app, 'Sign in with', 'token', Token='token')",
    "refused for lack of a place": "push(app, 'Connect')",
    "token connected": "place(app); push(app, 'Connect')",
    "token echoed by the gateway": "echo(True); push(app, 'Test'); seen(app, 'APIGW.0301')",
    "token tested": "echo(False); push(app, 'Test'); seen(app, 'are right')",
    "user typed": "fill(app, 'Sign in with', 'user', Password='password')",
    "user connected": "name_user(app); push(app, 'Connect')",
    "password echoed by IAM": (
        "echo(True); push(app, 'Test'); "
        "seen(app, 'refused to sign in', 'password&quot;:&quot;***&quot;')"
    ),
    # Refused once, a password is not sent again by the same connection: it would lock.
    "user typed again": "echo(False); fill(app, 'Sign in with', 'user', Password='password')",
    "user tested": "push(app, 'Connect'); push(app, 'Test'); seen(app, 'are right')",
    "key typed": (
        "fill(app, 'Sign in with', 'key', AK='AK', SK='SK', **{'Security token': 'security token'})"
    ),
    "key connected": "push(app, 'Connect'); seen(app, 'XQZK***')",
    "signature echoed by the gateway": (
        "echo(True); push(app, 'Test'); seen(app, 'canonicalRequest', 'Access=XQZK***')"
    ),
    "key tested": "echo(False); push(app, 'Test'); seen(app, 'are right')",
    "secret pasted as project": "paste_wrong(app); seen(app, 'looks like a secret')",
    "file loaded": "place(app); control(app, 'File').value = 'assets.csv'; push(app, 'Load')",
    "upload loaded": "upload(app); seen(app, 'kept as')",
    "text pasted": "paste(app)",
    "look echoed by the gateway": "echo(True); push(app, 'Look'); seen(app, 'APIGW.0301')",
    "looked": "echo(False); push(app, 'Look'); seen(app, 'its upload was never confirmed')",
    "run echoed by the gateway": "echo(True); push(app, 'Start'); seen(app, 'APIGW.0301')",
    "dry run": "echo(False); control(app, DRY).value = True; push(app, 'Start')",
    "canary": "control(app, DRY).value = False; trial(app)",
    "row opened": "open_row(app)",
    "saved": "push(app, 'Save'); seen(app, 'saved as')",
    "retry echoed by the gateway": "echo(True); retry(app); seen(app, 'APIGW.0301')",
    "retried": "echo(False); retry(app); seen(app, 'Finished')",
    "report written": "push(app, 'Report'); seen(app, 'report.html')",
    "files handed back": "push(app, 'Files for who must act'); seen(app, 'fix-the-id')",
    "call echoed by the gateway": "echo(True); send(app); seen(app, 'APIGW.0301')",
    "call sent": "echo(False); send(app); seen(app, 'asset_info_array')",
    "code explained": "explain(app)",
    "asset asked for": "ask(app)",
    "language switched": "app._shared.speak('zh'); app",
}
"""What a cell does, by the name of the step."""


def begin() -> App:
    """Write every log of the kernel to a file, and make the app."""
    logging.basicConfig(filename=LOG_FILE, level=logging.DEBUG, force=True)
    import vodnb

    made = vodnb.app(lang="en")
    for name in ("vodnb", "httpx", "httpcore", "asyncio", "traitlets"):
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).debug("heard at DEBUG")
    return made


def given(name: str) -> str:
    """Return what the test wrote down for us."""
    told: str = json.loads(Path(SECRETS_FILE).read_text("utf-8"))[name]
    return told


def fill(app: App, choice: str, way: str, **boxes: str) -> None:
    """Choose a way to sign in, and type into its boxes as the browser's messages do."""
    form: Any = app._forms["connect"]
    form._where.value = "real"
    control(app, choice).value = way
    for label, name in boxes.items():
        control(app, label, widgets.Password).set_state({"value": given(name)})
    _note(app)


def place(app: App) -> None:
    """Say where the gateway is."""
    form: Any = app._forms["connect"]
    form._plain["endpoint"].value = given("endpoint")
    form._plain["project"].value = given("project")


def name_user(app: App) -> None:
    """Say who the user is."""
    form: Any = app._forms["connect"]
    form._plain["iam_user"].value, form._plain["iam_domain"].value = given("user"), given("account")
    form._region.value = given("region")
    form._plain["project"].value = ""


def paste_wrong(app: App) -> None:
    """Paste a token where the project belongs."""
    form: Any = app._forms["connect"]
    form._plain["project"].set_state({"value": given("token")})
    _note(app)


def echo(is_on: bool) -> None:  # noqa: FBT001  a cell reads better so
    """Let the gateway refuse everything and echo it, or not."""
    opener = build_opener(ProxyHandler({}))
    opener.open(f"{given('endpoint')}/_echo/{int(is_on)}", timeout=5).close()


def push(app: App, name: str) -> None:
    """Press a button, wait for what comes of it, and write the state of every widget down."""
    press(app, name)
    _note(app)


def upload(app: App) -> None:
    """Let a file arrive."""
    form: Any = app._forms["load"]
    content = memoryview(Path("assets.csv").read_bytes())
    file = {"name": "up.csv", "type": "", "size": 1, "last_modified": 0, "content": content}
    form._upload.set_state({"value": [file]})
    settle(app)
    _note(app)


def paste(app: App) -> None:
    """Paste the file's text."""
    control(app, "Paste", widgets.Textarea).value = Path("assets.csv").read_text("utf-8")
    push(app, "Load what is pasted")


def trial(app: App) -> None:
    """Send two as a trial."""
    control(app, "Rate").value = ""
    control(app, "Canary").value = 2
    push(app, "Start")


def open_row(app: App) -> None:
    """Open the first row."""
    rows = control(app, "Open a row")
    rows.value = rows.options[0][1]
    settle(app)
    _note(app)


def retry(app: App) -> None:
    """Press Retry, whatever it counts."""
    form: Any = app._forms["results"]
    push(app, form._retry.description)


def send(app: App) -> None:
    """Make a single call."""
    form: Any = app._forms["inspect"]
    control(app, "Operation").value = "info"
    form._chosen._boxes["asset_id"].value = given("asset")
    push(app, "Send")


def explain(app: App) -> None:
    """Explain a code."""
    form: Any = app._forms["inspect"]
    form._code.value = "APIGW.0301"
    push(app, "Explain")


def ask(app: App) -> None:
    """Ask for one asset."""
    form: Any = app._forms["inspect"]
    form._asset.value = given("asset")
    push(app, "Ask for its state")


def seen(app: App, *texts: str) -> None:
    """Make sure that the step did what it is about: a form shows these texts."""
    html = shown(app)
    for text in texts:
        assert text in html, (text, html[html.find("vodnb-trouble") :][:900])


def _note(app: App) -> None:
    settle(app)
    state = json.dumps(widgets.Widget.get_manager_state(), default=repr)
    Path(STATE_FILE).write_text(state + repr(app) + app.still(), "utf-8")
