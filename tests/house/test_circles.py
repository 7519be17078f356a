"""No module of a room stands in a circle, not even for the type checker."""

from __future__ import annotations

import grimp

ROOMS = ("vodnb",)
"""Rooms that are rid of their circles."""


def in_circles(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules that import themselves by way of others.

    Args:
        imports: What each module imports.
    """
    found = []
    for module in imports:
        reached: set[str] = set()
        ahead = [module]
        while ahead:
            new = imports[ahead.pop()] - reached
            reached |= new
            ahead += new
        if module in reached:
            found.append(module)
    return sorted(found)


def test_rooms_stand_in_no_circle() -> None:
    """Each module can be read before those that use it: imports in functions and for types too."""
    graph = grimp.build_graph("vodnb", cache_dir=None)
    imports = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    assert "vodnb.session.vod" in imports["vodnb.session.accessor"]
    assert [one for one in in_circles(imports) if one.startswith(ROOMS)] == []


def test_circle_is_seen() -> None:
    """Modules that know each other are named, and what leads to them is not."""
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
