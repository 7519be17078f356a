"""The figures of a report equal those of the table, the journal, and the server's ledger."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import asdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import new_journal
from made_tables import FEWER, finished, runs
from reports import end, ids, mixed, results_of, seen

import vodnb
from vodnb.journal.entries import Entry, Standing
from vodnb.journal.past import read_past
from vodnb.reporting.course import Moments, count_course
from vodnb.reporting.figures import CHANGES, Figures, count_figures, from_json
from vodnb.reporting.inputs import Source, count, gather
from vodnb.reporting.pages import SECTIONS, Page
from vodnb.reporting.proceedings import timeline
from vodnb.rules.errors import JournalError
from vodnb.rules.model import Outcome, Settlement
from vodnb.tables.summary import summary
from vodnb.tables.tally import load_earlier, read_columns

GOOD = {"confirmed", "already_confirmed"}


def figures_of(results: pd.DataFrame, **options) -> Figures:
    """Count a results table."""
    return count_figures(read_columns(results), **{"max_rows": 25, **options})


def usable(results: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each asset."""
    fits = results[results["verdict"].isin(["ok", "cleaned", "duplicate"])]
    return fits[~fits["asset_id"].duplicated()]


@FEWER
@given(runs())
def test_figures_equal_the_table(run):
    """Rows, assets, outcomes, verdicts, codes, states and sendings, counted by pandas instead."""
    results = finished(*run)
    told = figures_of(results)
    assets = usable(results)
    assert told.rows == len(results) == sum(told.outcomes.values()) == sum(told.verdicts.values())
    assert told.assets == len(assets)
    assert Counter(told.outcomes) == Counter(results["outcome"].value_counts().to_dict())
    assert Counter(told.verdicts) == Counter(results["verdict"].value_counts().to_dict())
    codes = Counter(results["error_code"])
    assert sum((Counter({group.code: group.rows}) for group in told.groups), Counter()) == codes
    assert {(b, a): n for b, a, n in told.states} == dict(
        Counter(zip(assets["state_before"], assets["state_after"], strict=True))
    )
    assert told.course.sent == (assets["sent_at"] != "").sum() == sum(told.course.calls)
    attempts = Counter(map(str, assets["attempts"]))
    attempts.pop("0", None)
    assert dict(told.course.attempts) == dict(attempts)
    assert sum(told.course.latency_counts) == assets["elapsed_ms"].notna().sum()


@FEWER
@given(runs())
def test_figures_equal_the_summary(run):
    """Who has to act on how many rows is what `vodnb.summary` says, and what the column says."""
    results = finished(*run)
    told, summed = figures_of(results), summary(results)
    assert told.outcomes == summed.counts
    by_needs: Counter[str] = Counter()
    for group in told.groups:
        by_needs[group.needs.value] += group.rows
    assert by_needs == Counter(results["needs"])


@FEWER
@given(runs())
def test_figures_survive_being_kept(run):
    """What is kept beside a report and read again says the same in both languages."""
    import json

    told = figures_of(finished(*run), earlier={})
    again = from_json(json.loads(json.dumps(asdict(told))))
    for lang in ("zh", "en"):
        pages = [Page(one, lang, folder="r_files") for one in (told, again)]
        for name in SECTIONS:
            first, second = (getattr(page, name)()._repr_mimebundle_() for page in pages)
            assert first == second


@given(
    st.dictionaries(st.sampled_from(ids(6)), st.sampled_from(list(Outcome)[:5])),
    st.dictionaries(st.sampled_from(ids(6)), st.sampled_from(list(Outcome)[:5])),
)
def test_changes_part_all_assets(before, now):
    """Each asset of either table is in exactly one change, and in the right one."""
    results = results_of(
        {key: end(1, kind, "" if kind.is_good else "VOD.10051") for key, kind in now.items()}
    )
    changes = figures_of(results, earlier={key: kind.value for key, kind in before.items()}).changes
    told = {one.name: one.assets for one in changes}
    assert list(told) == list(CHANGES)
    assert sum(told.values()) == len(before | now)
    both = before.keys() & now.keys()
    assert told["newly_settled"] == sum(
        now[key].is_good and not before[key].is_good for key in both
    )
    assert told["newly_failed"] == sum(
        kind is Outcome.FAILED and before.get(key) is not Outcome.FAILED
        for key, kind in now.items()
    )
    assert told["gone"] == len(before.keys() - now.keys())


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), st.lists(st.integers(0, 10**7)))
def test_every_call_falls_into_one_column(sent, resent):
    """Whatever the span of time: at most 61 columns, none lost, none counted twice."""
    at = pd.to_datetime(pd.Series(sent), unit="ms", utc=True)
    texts = [f"{moment.isoformat(timespec='milliseconds')[:23]}Z" for moment in at]
    names = ("outcome", "elapsed_ms", "attempts")
    columns = {"sent_at": texts} | {name: [""] * len(sent) for name in names}
    columns["outcome"] = ["confirmed"] * len(sent)
    moments = Moments(resent_at=[ms / 1000 for ms in resent], throttled_at=[sent[0] / 1000])
    course = count_course(columns, range(len(sent)), moments)
    assert sum(course.calls) == len(sent) + len(resent)
    assert sum(course.throttled) == 1
    assert sum(course.outcomes["confirmed"]) == len(sent)
    assert 1 <= len(course.calls) <= 61
    header, rows = timeline(course)
    assert header == ["from_utc", "seconds", "confirmed", "calls", "throttled"]
    assert sum(int(row[3]) for row in rows) == sum(course.calls)


def test_times_that_were_edited_are_told_and_not_drawn():
    """A time that is none is left out of the charts, and the report says so."""
    results = mixed()
    results.loc[3, "sent_at"] = "yesterday"
    told = figures_of(results)
    assert told.course.unreadable == 1
    assert "1 times of sending could not be read" in repr(Page(told, "en").course())


@pytest.mark.waits
def test_figures_equal_the_ledger():
    """On the sandbox, with throttling: states, calls and refusals are those that it served."""
    vod = vodnb.connect(sandbox=True, lang="en")
    try:
        assets = vod.sandbox.add(ids(40, first=0xF000))
        vod.sandbox.fault(code="APIGW.0308", times=4)
        before = len(vod.sandbox.ledger())
        results = vod.confirm(assets, rate=None, progress=False)
        served = vod.sandbox.ledger()[before:]
        states = vod.sandbox.states()
    finally:
        vod.close()
    told = count(gather(results, lang="en"), max_rows=25, earlier=None)
    # A run of another test may be at its last calls: all of them share the sandbox.
    posts = [call for call in served if call.operation == "confirm" and call.asset_id in assets]
    assert told.run.state == "finished"
    assert sum(told.course.calls) == len(posts)
    assert sum(told.course.throttled) == sum(call.error_code != "" for call in posts) == 4
    assert told.outcomes["confirmed"] == sum(call.http_status == 200 for call in posts)
    ended = Counter(states[asset_id] for asset_id in assets)
    assert Counter({after: n for _, after, n in told.states}) == ended


def test_figures_of_a_journal_equal_its_entries(tmp_path):
    """Settled, doubtful, bounced and untouched assets, repeated and throttled sendings."""
    path = tmp_path / "20260101T000000Z-abcdef.sqlite"
    a, b, c, d = ids(4)
    doubt = end(0, Outcome.IN_DOUBT, "CLIENT.NO_ANSWER")
    back = Settlement(outcome=Outcome.NOT_SENT, code="APIGW.0308", http_status=429, attempts=0)
    unsent = Settlement(outcome=Outcome.NOT_SENT, code="CLIENT.STOPPED")
    entries = [
        Entry(asset_id=a, standing=Standing.INTENT, settlement=doubt, left_at=1767225600.0),
        Entry(asset_id=a, standing=Standing.BOUNCED, settlement=back),
        Entry(asset_id=a, standing=Standing.INTENT, settlement=doubt, left_at=1767225604.0),
        Entry(asset_id=a, standing=Standing.SETTLED, settlement=end(0)),
        Entry(asset_id=b, standing=Standing.INTENT, settlement=doubt, left_at=1767225601.0),
        Entry(asset_id=b, standing=Standing.INTENT, settlement=doubt, left_at=1767225603.0),
        Entry(asset_id=d, standing=Standing.INTENT, settlement=doubt, left_at=1767225603.0),
        Entry(asset_id=d, standing=Standing.BOUNCED, settlement=unsent),
        Entry(asset_id=c, standing=Standing.INTENT, settlement=doubt, left_at=1767225602.0),
        Entry(asset_id=c, standing=Standing.BOUNCED, settlement=back),
    ]
    with closing(new_journal(path, [a, b, c, d])) as journal:
        journal.write(entries)
        past = read_past(path)
        assert journal.counts()[0] == len(past.assets) == 4
    assert list(past.resent_at) == [1767225604.0]
    assert list(past.throttled_at) == [1767225600.0, 1767225602.0]
    found: Source = gather(path, lang="en")
    assert list(found.table["outcome"]) == ["confirmed", "in_doubt", "not_sent", "not_sent"]
    assert list(found.table["error_code"])[2:] == ["APIGW.0308", "CLIENT.STOPPED"]
    told = count(found, max_rows=25, earlier=None)
    assert told.run.state == "unfinished"
    assert sum(told.course.throttled) == 2


def test_an_asset_that_is_not_what_was_written_is_reported_as_damage(tmp_path):
    """A flipped bit would make it another asset, which no run has touched."""
    with closing(new_journal(tmp_path / "run.sqlite")) as journal:
        journal._base.execute("UPDATE asset SET asset_id = 'x' WHERE place = 2")
        journal._base.commit()
        with pytest.raises(JournalError, match="damaged"):
            read_past(journal.path)


def test_page_says_the_figures():
    """The sentence, the counts, each code and its meaning stand in the page in both languages."""
    results = mixed()
    told = figures_of(results)
    for lang, sentence in (("en", "51 of 64 rows"), ("zh", "64 行中有 51 行")):
        page = Page(told, lang, folder="r_files")
        _, words = seen("".join(s._repr_mimebundle_()["text/html"] for s in sections(page)))
        assert sentence in words
        for group in told.groups:
            if group.code and group.outcome != "invalid":
                meaning, step, _ = group.advice(lang)
                assert group.code in words
                assert meaning in words
                assert step in words


def sections(page: Page):
    """Return the sections that there are, in order."""
    return [found for name in SECTIONS if (found := getattr(page, name)()) is not None]


def test_asset_of_a_ragged_row_is_compared_by_its_sound_one():
    """The first row of an earlier table that can be used tells how its asset ended."""
    (asset_id,) = ids(1)
    earlier = load_earlier(f"asset_id,outcome\n{asset_id},failed,x\n{asset_id},confirmed\n")
    assert earlier.to_dict("records") == [{"asset_id": asset_id, "outcome": "confirmed"}]


@pytest.mark.parametrize("cells", [{"sent_at": "9999-12-31T23:59:59-14:00"},
                                   {"elapsed_ms": "9" * 17}, {"sent_at": "0001-01-01"},
                                   {"elapsed_ms": "9" * 5000}])  # fmt: skip
def test_times_beyond_all_reason_are_left_out(cells):
    """An edited table with a year 10000, or an answer that took an aeon, still gives a report."""
    results = mixed().astype({"elapsed_ms": "string"})
    for name, cell in cells.items():
        results.loc[3, name] = cell
    told = figures_of(results)
    assert told.course.end < 2e9
    assert told.course.unreadable == ("sent_at" in cells)
    assert "64" in repr(Page(told, "en").headline())
    assert repr(Page(told, "en").course())
