"""The one builder of HTML lets nothing out of the place it was put in."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vodnb.rules.words.markup import Markup, element, table

NASTY = "<img src=x onerror=alert(1)>\"'&amp;</td></table><script>x</script>"
# A parser reads \r as \n, drops NUL, and no surrogate can be written to a file.
ANY_TEXT = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))


class Reader(HTMLParser):
    """Reads a page back: the elements in order, their attributes, and the text of each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.closed: list[str] = []
        self.texts: list[str] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element, with an empty text until one comes."""
        self.elements.append(tag)
        self.attributes.append(dict(attrs))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        """Keep the order in which elements end."""
        self.closed.append(tag)

    def handle_data(self, data: str) -> None:
        """Give the text to the element that began last."""
        self.texts[-1] += data

    def handle_comment(self, data: str) -> None:
        """Keep what should never be there."""
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        """Keep what should never be there."""
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        """Keep what should never be there."""
        self.others.append(data)


def read(page: str) -> Reader:
    """Parse a page to its end."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.others == []
    assert sorted(reader.closed) == sorted(reader.elements)
    return reader


@given(ANY_TEXT, ANY_TEXT)
@example(NASTY, NASTY)
def test_text_comes_back_from_content_and_attribute(content: str, value: str) -> None:
    """Any text whatever, in content or attribute, is read back as itself, with no extra element."""
    page = read(element("p", content, title=value))
    assert page.elements == ["p"]
    assert page.texts == [content]
    assert page.attributes == [{"title": value}]


@given(ANY_TEXT, ANY_TEXT, st.lists(st.lists(ANY_TEXT, min_size=2, max_size=2), max_size=3))
@example(NASTY, NASTY, [[NASTY, NASTY]])
def test_table_keeps_every_cell_as_text(title: str, caption: str, rows: list[list[str]]) -> None:
    """Titles, caption and cells of a table are text alone; the elements are ours alone."""
    page = read(table([title, "b"], rows, caption=caption))
    body = [name for _ in rows for name in ("tr", "td", "td")]
    top = ["caption"] if caption else []
    assert page.elements == ["table", *top, "thead", "tr", "th", "th", "tbody", *body]
    cells = [cell for row in rows for cell in row]
    assert [text for text in page.texts if text] == [
        text for text in (caption, title, "b", *cells) if text
    ]


@given(ANY_TEXT)
def test_markup_is_not_escaped_twice(text: str) -> None:
    """What is markup already is taken as it is, at any depth."""
    page = read(element("div", element("b", text), element("i", text)))
    assert page.elements == ["div", "b", "i"]
    assert page.texts == ["", text, text]


def test_element_is_written_as_expected() -> None:
    """The exact text, once: attributes with hyphens, None left out, values escaped."""
    made = element("td", 1, " < ", None, class_="a b", aria_label='say "x"', title=None)
    assert made == '<td class="a b" aria-label="say &quot;x&quot;">1 &lt; None</td>'
    assert isinstance(made, Markup)


def test_markup_that_was_worked_on_is_text_again() -> None:
    """Joining or cutting markup gives plain text, which is escaped: safe where one forgets."""
    joined = element("b", "x") + NASTY
    assert not isinstance(joined, Markup)
    assert read(element("p", joined)).elements == ["p"]


@pytest.mark.parametrize("caption", ["", "12 rows"])
def test_caption_is_there_only_when_given(caption: str) -> None:
    """A table without a caption has no empty one."""
    assert ("<caption" in table(["a"], [["1"]], caption=caption)) is bool(caption)


def test_header_cells_are_announced() -> None:
    """A screen reader is told which cells are titles."""
    page = read(table(["a"], []))
    assert page.attributes[page.elements.index("th")]["scope"] == "col"


def test_short_cells_are_not_broken_and_long_ones_are() -> None:
    """Chinese may break behind any letter: a word of two would stand in two lines."""
    page = read(table(["来源", "下一步" * 10], [["沙箱", "请联系管理员。" * 10]]))
    styles = [one["style"] for one in page.attributes if "white-space" in (one.get("style") or "")]
    spaces = ["nowrap" if "white-space:nowrap" in style else "normal" for style in styles]
    assert spaces == ["nowrap", "normal", "nowrap", "normal"]
