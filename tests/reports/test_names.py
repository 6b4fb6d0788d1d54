from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.units import Unit, UnitTree
from app.reports.names import LONGEST, file_stem


def _tree(*paths: tuple[str, ...]) -> UnitTree:
    return UnitTree.from_rows([(path, None) for path in paths])


def _stems(tree: UnitTree, organisation: str = "Etaten") -> dict[tuple[str, ...], str]:
    return {unit.path: file_stem(unit, tree, organisation, "nb") for unit in tree.units}


def test_names_sort_by_path_with_the_organisation_first_and_parents_before_children() -> None:
    tree = _tree(("B",), ("A B",), ("A", "Å"), ("A", "Æ"), ("A", "Z"), ("A.x",), ("a",))
    by_name = sorted(_stems(tree), key=lambda path: _stems(tree)[path].encode())
    assert by_name == [(), ("A",), ("A", "Z"), ("A", "Æ"), ("A", "Å"), ("a",), ("A B",), ("A.x",), ("B",)]


def test_name_shows_the_path_with_its_norwegian_letters() -> None:
    stem = _stems(_tree(("Divisjon øst", "Seksjon for ærlighet")))[("Divisjon øst", "Seksjon for ærlighet")]
    assert stem == "2 Divisjon øst - Seksjon for ærlighet (nb)"


def test_name_holds_nothing_that_a_file_system_refuses() -> None:
    stem = _stems(_tree(('CON: "a/b\\c|d?e*<f>\t. ',)))[('CON: "a/b\\c|d?e*<f>\t. ',)]
    assert stem == "1 CON a b c d e f (nb)"


def test_long_paths_stay_short_and_different() -> None:
    names = tuple("å" * 119 + str(level) for level in range(7))
    stems = _stems(_tree((*names, "x" * 120 + "1"), (*names, "x" * 120 + "2")))
    assert len(set(stems.values())) == len(stems)
    assert all(len(stem.encode()) <= LONGEST for stem in stems.values())


def test_the_deepest_names_stay_when_a_path_has_very_many_levels() -> None:
    path = tuple(f"nivå {level}" for level in range(40))
    stem = _stems(_tree(path))[path]
    assert stem.startswith("40 ")
    assert len(stem.encode()) <= LONGEST


def test_without_a_tree_names_are_unique_all_the_same() -> None:
    one, two = Unit(1, 0, ("A", "B/C"), may_stop=True), Unit(2, 0, ("A", "B C"), may_stop=True)
    assert file_stem(one, None, "Etaten", "nb") != file_stem(two, None, "Etaten", "nb")
    assert file_stem(Unit(0, None, (), may_stop=True), None, "Etaten", "en") == "Etaten (en)"


_NAMES = st.text(min_size=1, max_size=40)
_PATHS = st.lists(st.lists(_NAMES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=20, unique=True)


@settings(max_examples=60, deadline=None)
@given(_PATHS, _NAMES)
def test_any_tree_gives_safe_unique_names_in_order(paths: list[tuple[str, ...]], organisation: str) -> None:
    tree = _tree(*paths)
    stems = _stems(tree, organisation)
    folded = {stem.casefold() for stem in stems.values()}
    assert len(folded) == len(tree.units)
    for path, stem in stems.items():
        assert len(stem.encode("utf-8", "surrogatepass")) <= LONGEST
        assert not set(stem) & set('<>:"/\\|?*\0\n\t')
        assert all(stems[path[:depth]] < stem for depth in range(len(path)))
