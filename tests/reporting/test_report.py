"""A report on disk: what is written, what is refused, and that it runs again where it lies."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import nbformat
import openpyxl
import pytest
from journals import intent, leave_behind, new_journal, settled
from leak_scan import forms_of, leaks
from nbclient.exceptions import CellTimeoutError
from reports import FILES, RUN_ID, drawings, ids, mixed, outside, results_of, seen, texts_in

import vodnb
from vodnb.journal import owner
from vodnb.reporting import beside, open_report
from vodnb.reporting.notebook import execute
from vodnb.reporting.storage import _texts
from vodnb.rules.errors import InputError, SetupError
from vodnb.service.redact import Redactor, Secret

pytestmark = pytest.mark.together

TOKEN = "MIICANARYtoken-5v1k9Qz7Xw3"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report that was run in a kernel, in Chinese, against an earlier table."""
    folder = tmp_path_factory.mktemp("made")
    earlier = mixed(40)
    vodnb.report(mixed(), folder / "report.ipynb", lang="zh", against=earlier)
    return folder


def quick(source: object, path: Path | str = "r", **options):
    """Make a report without a kernel."""
    return vodnb.report(source, path, **{"execute": False, "lang": "en", **options})


def test_everything_is_there(made):
    """Notebook, page, and every table beside them; no draft is left."""
    assert {path.name for path in made.iterdir()} == {
        "report.ipynb", "report.html", "report_files",
    }  # fmt: skip
    names = {path.name for path in (made / "report_files").iterdir()}
    assert names == {*FILES, "comparison.csv", "earlier.csv"}
    changed = vodnb.load_assets(made / "report_files" / "comparison.csv")["change"]
    figures = json.loads((made / "report_files" / "figures.json").read_text("utf-8"))["figures"]
    counts = {one["name"]: one["assets"] for one in figures["changes"] if one["assets"]}
    assert counts.pop("settled_both") == 27
    assert changed.value_counts().to_dict() == counts
    again = vodnb.load_assets(made / "report_files" / "results.csv")
    assert list(again["outcome"]) == list(mixed()["outcome"])
    book = openpyxl.load_workbook(made / "report_files" / "results.xlsx").active
    assert book.max_row == len(mixed()) + 1
    assert "f" not in {cell.data_type for row in book for cell in row}


def test_notebook_is_run_and_clean(made):
    """Run in a kernel, no error, no widget state; the parameters are tagged and relative."""
    notebook = nbformat.read(made / "report.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert kinds == {"execute_result"}
    assert "widgets" not in notebook.metadata
    (parameters,) = [cell for cell in code if "parameters" in cell.metadata.tags]
    assert "'report_files/results.csv'" in parameters.source
    text = (made / "report.ipynb").read_text("utf-8")
    assert str(made) not in text
    assert str(Path.home()) not in text


def test_page_says_what_the_notebook_says(made):
    """The outputs stand in the page word for word, with nothing from elsewhere and no script."""
    page = (made / "report.html").read_text("utf-8")
    notebook = nbformat.read(made / "report.ipynb", as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert seen(output.data["text/html"])[1] in seen(page)[1]
    tags, words = seen(page)
    assert not {"script", "link", "iframe", "object", "embed", "form", "svg"} & set(tags)
    assert outside(page) == []
    assert "default-src 'none'" in page
    assert '<html lang="zh-CN">' in page
    assert "与上一次报告相比" in words
    assert "open_report" not in words
    assert len(drawings(page)) == tags.count("img") == 5


@pytest.mark.kernel
def test_notebook_runs_again_from_its_own_folder(made, tmp_path):
    """Moved elsewhere with its files it says the same; with other parameters, what they ask for."""
    shutil.copytree(made, tmp_path / "moved")
    path = tmp_path / "moved" / "report.ipynb"
    notebook = nbformat.read(path, as_version=4)
    before = [cell.get("outputs") for cell in notebook.cells]
    injected = nbformat.v4.new_code_cell("lang = 'en'\nmax_rows = 2")
    notebook.cells.insert(2, injected)
    execute(notebook, path.parent)
    text = seen(notebook.cells[3].outputs[0].data["text/html"])[1]
    assert "Not entirely: 51 of 64 rows" in text
    failures = next(cell for cell in notebook.cells if cell.id == "failures")
    assert "Showing 2 of 3" in seen(failures.outputs[0].data["text/html"])[1]
    again = nbformat.read(path, as_version=4)
    execute(again, path.parent)
    assert [cell.get("outputs") for cell in again.cells] == before


def test_changed_table_is_counted_anew(made, tmp_path, monkeypatch):
    """Figures that were kept hold for the very bytes they were counted from, and no others."""
    shutil.copytree(made, tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    table = vodnb.load_assets("report_files/results.csv")
    kept = open_report("report_files/results.csv", against="report_files/earlier.csv")
    assert kept.figures.rows == 64
    vodnb.save(table.iloc[:10], "fewer.csv")
    Path("fewer.csv").replace("report_files/results.csv")
    now = open_report("report_files/results.csv", against="report_files/earlier.csv")
    assert now.figures.rows == 10
    alone = open_report("report_files/results.csv", max_rows=3)
    assert alone.figures.changes is None
    assert alone.figures.max_rows == 3
    with pytest.raises(InputError, match=r"There is no file 'elsewhere\.csv'"):
        open_report("elsewhere.csv")
    for number in (0, -1, 501):
        with pytest.raises(InputError, match=f"max_rows is {number}"):
            open_report("report_files/results.csv", max_rows=number)


@pytest.mark.parametrize("spoilt", ["figures", "course", "files"])
def test_figures_of_another_version_are_counted_anew(spoilt, made, tmp_path, monkeypatch):
    """A vodnb that counts other things finds the table good, and the figures none of its own."""
    shutil.copytree(made, tmp_path / "moved")
    monkeypatch.chdir(tmp_path / "moved")
    path = Path("report_files/figures.json")
    values = json.loads(path.read_text("utf-8"))
    values["figures"]["rows"] = 4711
    if spoilt == "course":
        values["figures"]["course"]["new"] = 1
    else:
        del values[spoilt]
    path.write_text(json.dumps(values), "utf-8")
    assert open_report("report_files/results.csv").figures.rows == 64


def test_folder_of_the_tables_is_named_as_it_is(tmp_path, monkeypatch):
    """Hidden, above, or the notebook's own."""
    quick(mixed(), ".r")
    (tmp_path / "below").mkdir()
    assert ".r_files/results.csv" in repr(
        open_report(".r_files/results.csv").appendix()._repr_mimebundle_()
    )
    monkeypatch.chdir(tmp_path / "below")
    assert "../.r_files/results.csv" in repr(
        open_report("../.r_files/results.csv").appendix()._repr_mimebundle_()
    )
    monkeypatch.chdir(tmp_path / ".r_files")
    assert ">results.csv" in repr(open_report("results.csv").appendix()._repr_mimebundle_())


def test_home_folder_is_meant_by_its_sign(tmp_path, monkeypatch):
    """The place of a report, the table it is made of, and the folder of files to hand back."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    vodnb.save(mixed(), "~/results.csv")
    made = quick("~/results.csv", "~/r")
    vodnb.hand_back("~/results.csv", "~/todo", lang="en")
    assert made.page == tmp_path / "home" / "r.html"
    assert (tmp_path / "home" / "todo" / "retry.csv").is_file()
    assert not Path("~").exists()


@pytest.mark.parametrize("name", ["token", "VODNB_TOKEN", "my_sk", "iam_password", "api_key"])
def test_parameter_named_like_a_secret_is_refused(name, made, monkeypatch):
    """Papermill would keep it in the notebook: the first cell fails, and says what to do."""
    import __main__

    monkeypatch.chdir(made)
    monkeypatch.setattr(__main__, name, "x" * 20, raising=False)
    with pytest.raises(InputError, match=f"variable called '{name}'"):
        open_report("report_files/results.csv")


@pytest.mark.parametrize("name", ["r.ipynb", "r.html", "r_files/mine.txt"])
def test_what_is_not_ours_is_never_replaced(name, tmp_path):
    """A notebook, a page or a folder of somebody else's stands in the way, and stays as it is."""
    target = tmp_path / name
    target.parent.mkdir(exist_ok=True)
    target.write_text('{"cells": [], "metadata": {}}', "utf-8")
    with pytest.raises(InputError, match="exists already, and is no report"):
        quick(mixed(), tmp_path / "r")
    assert target.read_text("utf-8") == '{"cells": [], "metadata": {}}'
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_report_of_ours_is_replaced_and_a_stale_table_goes(tmp_path):
    """A second report takes the place of the first; what it has not is taken away."""
    quick(mixed(), against=mixed(30))
    (tmp_path / "r_files" / "notes.txt").write_text("kept", "utf-8")
    quick(mixed(20))
    names = {path.name for path in (tmp_path / "r_files").iterdir()}
    assert names == {*FILES, "notes.txt"}
    assert "24 rows" in (tmp_path / "r.html").read_text("utf-8")


def test_failure_amid_writing_leaves_the_old_report(tmp_path, monkeypatch):
    """A full disk, or a kernel that cannot start: what was there is whole, and no draft is left."""
    quick(mixed())
    before = texts_in(tmp_path)
    monkeypatch.setattr("vodnb.reporting.making.to_page", _full_disk)
    with pytest.raises(InputError, match="No space left"):
        quick(mixed(20))
    assert texts_in(tmp_path) == before
    assert not list(tmp_path.glob(".*.part"))


def _full_disk(_notebook):
    raise OSError(28, "No space left on device")


@pytest.mark.kernel
def test_kernel_is_told_no_credential(tmp_path, monkeypatch):
    """What the report's kernel need not know is not in its environment."""
    names = ("VODNB_TOKEN", "VODNB_IAM_PASSWORD", "HUAWEICLOUD_SDK_SK")
    for name in names:
        monkeypatch.setenv(name, TOKEN)
    asked = f"import os; print([name for name in {names} if name in os.environ], 'x' in 'xyz')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(asked)])
    execute(notebook, tmp_path)
    assert notebook.cells[0].outputs[0].text == "[] True\n"


def test_kernel_that_cannot_start_is_told(tmp_path, monkeypatch):
    """The error names the way without a kernel."""
    monkeypatch.setattr("vodnb.reporting.notebook._KERNEL", "no-such-kernel")
    with pytest.raises(SetupError, match="--no-execute"):
        vodnb.report(mixed(), tmp_path / "r", lang="en")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (FileNotFoundError(2, "No such file or directory", "/no/python"), "/no/python"),
        (CellTimeoutError("A cell timed out, after 600 seconds.\nThe cell was:\n-----"), "600"),
    ],
)
def test_kernel_that_fails_the_system_is_no_full_disk(fault, told, tmp_path, monkeypatch):
    """Such faults are OSErrors too: what is told is the kernel, and not the folder."""
    monkeypatch.setattr("nbclient.NotebookClient.async_execute", _failing(fault))
    with pytest.raises(SetupError, match=f"could not be run: .*{told}"):
        vodnb.report(mixed(), tmp_path / "r", lang="en")
    assert list(tmp_path.iterdir()) == []


def _failing(fault):
    async def fail(*_, **__):
        raise fault

    return fail


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_empty_run(lang, tmp_path):
    """No rows: a report that says so, with every section, and no chart."""
    made = quick(results_of({}, cells=["asset_id\n"]).iloc[:0], lang=lang)
    page = made.page.read_text("utf-8")
    sentence = {"en": "There was nothing to confirm", "zh": "没有需要确认的内容"}[lang]
    assert sentence in seen(page)[1]
    assert drawings(page) == []


def test_run_id_alone(tmp_path):
    """A run that was cut off is told from its journal, with the name of its source alone."""
    assets = ids(3)
    source = tmp_path / "deep" / "list.csv"
    source.parent.mkdir()
    source.write_text("asset_id,title\n" + "".join(f"{one},t\n" for one in assets), "utf-8")
    entries = [settled(assets[0]), intent(assets[1])]
    leave_behind(Path(".vodnb"), assets, entries, RUN_ID, source=str(source))
    made = quick(RUN_ID)
    words = seen(made.page.read_text("utf-8"))[1]
    assert "Not entirely: 1 of 3 rows" in words
    assert f'vodnb.resume("{RUN_ID}")' in words
    assert "list.csv" in words
    assert "deep" not in words
    assert "title" in vodnb.load_assets("r_files/results.csv")


def test_run_under_way_is_told_as_it_stands(tmp_path):
    """Its writer may go on writing while it is read."""
    path = tmp_path / f"{RUN_ID}.sqlite"
    assets = ids(3)
    owner.take(RUN_ID)
    with closing(new_journal(path, assets)) as journal:
        journal.write([settled(assets[0]), intent(assets[1])])
        words = seen(quick(path).page.read_text("utf-8"))[1]
        journal.write([settled(assets[1])])
        later = seen(quick(path).page.read_text("utf-8"))[1]
    owner.leave(RUN_ID)
    assert "The run is still going on" in words
    assert "1 of 3 rows" in words
    assert "2 of 3 rows" in later


def test_unknown_source_is_refused(tmp_path):
    """No such file, no such run, no results: each is told with what to give."""
    with pytest.raises(InputError, match="There is no file and no run 'nowhere'"):
        quick("nowhere")
    Path("list.csv").write_text(f"asset_id\n{ids(1)[0]}\n", "utf-8")
    with pytest.raises(InputError, match="holds no results"):
        quick("list.csv")
    with pytest.raises(InputError, match="max_rows is 0"):
        quick(mixed(), max_rows=0)
    with pytest.raises(InputError, match=r"cannot be called 'r\.pdf'"):
        quick(mixed(), "r.pdf")
    with pytest.raises(InputError, match="There is no folder"):
        quick(mixed(), "no/r")


def test_workbook_ends_where_it_would_be_too_large(tmp_path, monkeypatch):
    """Beyond so many rows there is none, and the report says so; the CSV has every row."""
    monkeypatch.setattr(beside, "MOST_WORKBOOK_ROWS", 63)
    made = quick(mixed())
    assert not (made.folder / "results.xlsx").exists()
    assert "written up to 63 rows" in seen(made.page.read_text("utf-8"))[1]
    assert len(vodnb.load_assets(made.folder / "results.csv")) == 64


def test_a_cell_that_no_workbook_can_hold_costs_the_workbook_alone(tmp_path):
    """There is none, the report says why, and the CSV has every letter."""
    table = mixed()
    table["essay"] = ["x" * 32_768, *["short"] * (len(table) - 1)]
    made = quick(table)
    assert not (made.folder / "results.xlsx").exists()
    assert "more letters than one can hold" in seen(made.page.read_text("utf-8"))[1]
    assert len(vodnb.load_assets(made.folder / "results.csv")["essay"][0]) == 32_768


def test_meaning_is_said_in_the_language_of_the_report(tmp_path):
    """The table of an English run, reported in Chinese, explains its codes in Chinese."""
    made = quick(mixed(), lang="zh")
    assert "ID被当作科学计数法的数字，位数已丢失" in made.page.read_text("utf-8")
    told = vodnb.load_assets(made.folder / "results.csv")
    assert set(told.loc[told["error_code"] == "VOD.10062", "meaning"]) == {
        vodnb.explain("VOD.10062", lang="zh").entry.meaning_zh
    }


def test_secret_in_the_table_stops_the_report(tmp_path, monkeypatch):
    """A token in a column of the user's is found in whatever file it would have got into."""
    monkeypatch.setenv("VODNB_TOKEN", TOKEN)
    results = mixed().assign(note=["", f"x {TOKEN} y", *[""] * 62])
    with pytest.raises(InputError, match="would hold a secret of this connection") as told:
        quick(results)
    assert leaks(str(told.value), {"token": TOKEN}) == []
    with pytest.raises(InputError, match="would hold a secret"):
        vodnb.hand_back(results.assign(outcome="failed", error_code=TOKEN), tmp_path / "todo")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("form", ["raw", "url", "hex", "json", "html", "base64+0", "base64+1"])
@pytest.mark.parametrize("name", ["a.csv", "b.html"])
def test_exporter_finds_a_secret_however_it_is_written(form, name, tmp_path):
    """In each encoding, also across the border of two pieces that are read."""
    path = tmp_path / name
    path.write_text("x" * ((1 << 22) - 5) + forms_of(TOKEN)[form] + "x" * 99, "utf-8")
    redactor = Redactor([Secret(TOKEN)])
    assert any(redactor.finds(text) for text in _texts(path))
    path.write_text("x" * (1 << 22), "utf-8")
    assert not any(redactor.finds(text) for text in _texts(path))


def test_settings_are_told_without_secrets(tmp_path):
    """Where and as whom, secrets masked, in a report that was given its connection."""
    vod = vodnb.connect(sandbox=True, lang="en")
    token = vod.sandbox.token
    try:
        made = quick(vod.confirm(vod.sandbox.add(ids(3)), rate=None, progress=False), vod=vod)
    finally:
        vod.close()
    assert vod.endpoint in seen(made.page.read_text("utf-8"))[1]
    for name, text in texts_in(tmp_path).items():
        if not name.endswith(".sqlite"):
            assert leaks(text, {"token": token}) == [], name


def test_kept_figures_hold_no_column_of_the_users(tmp_path):
    """Notebook, page and figures are made of our own columns; the user's are in the tables."""
    quick(mixed().assign(salary="4711 EUR"))
    texts = texts_in(tmp_path)
    assert "4711 EUR" in texts["results.csv"]
    for name in ("r.ipynb", "r.html", "figures.json", "timeline.csv"):
        assert "4711 EUR" not in texts[name]
    assert json.loads(texts["figures.json"])["made_by"] == "vodnb report"
