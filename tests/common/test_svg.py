"""SVG elements: what is written is well-formed and escaped."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from common import svg
from common.svg_graph import graph

HOSTILE = '"><script>alert(1)</script> & <b>'


def parse(picture: str) -> Element:
    return fromstring(picture)  # noqa: S314  (our own)


def test_attributes_and_texts_are_escaped() -> None:
    written = svg.text(HOSTILE, 1, 2, class_=HOSTILE)
    parsed = parse(written)
    assert parsed.tag == "text"
    assert parsed.text == HOSTILE
    assert parsed.get("class") == HOSTILE


def test_an_element_is_not_escaped_twice() -> None:
    inner = svg.tooltip("a & b")
    assert svg.element("g", inner) == "<g><title>a &amp; b</title></g>"


def test_attribute_names_are_those_of_svg() -> None:
    written = svg.element("text", text_anchor="end", viewBox="0 0 1 1", class_="x", fill=None)
    assert written == '<text text-anchor="end" viewBox="0 0 1 1" class="x"/>'


def test_a_picture_says_what_it_shows() -> None:
    picture = svg.drawing(svg.line(0, 0, 1, 1), label="Errors & <rates>", width=10, height=5)
    parsed = parse(picture)
    assert parsed.get("aria-label") == "Errors & <rates>"
    assert parsed.get("role") == "img"
    linked = svg.drawing(label="A graph", width=1, height=1, interactive=True)
    assert parse(linked).get("role") == "group", "its links stay reachable"


def test_a_box_with_a_path_is_a_link_with_its_whole_name() -> None:
    name = "a service with a name that is too long for its box"
    picture = graph([(1, 2, 3)], {1: (name, "/services/1/?a=1&b=2", "core"), 2: ("b", "", "")}, "x")
    parsed = parse(picture)
    link = parsed.find("a")
    assert link is not None
    assert link.get("href") == "/services/1/?a=1&b=2"
    assert link.findtext("text/title") == name
    assert "3 ×" in picture


def test_each_line_of_a_graph_says_which_boxes_it_links() -> None:
    names = {node: (f"service-{node}", f"/services/{node}/", "") for node in (1, 2, 3, 4)}
    edges = [(1, 2, 1), (2, 3, 1), (1, 3, 1), (3, 4, 1), (1, 4, 1), (4, 1, 1)]
    parsed = parse(graph(edges, names, "x"))
    lines = {(line.get("data-from"), line.get("data-to")) for line in parsed.iter("path")}
    lines.discard((None, None))
    lanes = {("1", "3 4"), ("1", "4")}
    assert lines == {(str(start), str(end)) for start, end, _ in edges} | lanes
    assert {box.get("data-node") for box in parsed.iter("rect")} == {"1", "2", "3", "4"}


def test_no_data_draws_nothing() -> None:
    assert graph([], {}, "empty") == ""
