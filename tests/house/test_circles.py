"""No module stands in a circle, not even for the type checker."""

from __future__ import annotations

import grimp


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


def test_no_module_stands_in_a_circle() -> None:
    """Each can be read before those that use it: imports in functions and for types count too."""
    graph = grimp.build_graph("vodnb", cache_dir=None, exclude_type_checking_imports=False)
    imports = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    assert "vodnb.rules.model" in imports["vodnb.rules.words.wording"]  # for its types alone
    assert "vodnb.emulator.server" in imports["vodnb.session.connect"]  # in a function
    assert in_circles(imports) == []


def test_circle_is_seen() -> None:
    """Modules that know each other are named, and what leads to them is not."""
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
