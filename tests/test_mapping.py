"""Maps of rows: what lies together, what a seed decides, what stays when rows are added, and the odd cases."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.manifold import trustworthiness as exact_trust
from sklearn.neighbors import NearestNeighbors

from imclust_core.arrays.linkage import unit_rows
from imclust_core.arrays.neighbours import nearest_rows
from imclust_core.errors import Cancelled, MapError
from imclust_core.mapping import gpu
from imclust_core.mapping import graph as graph_module
from imclust_core.mapping.cells import near_rows
from imclust_core.mapping.graph import graph_from, graph_of
from imclust_core.mapping.memberships import memberships
from imclust_core.mapping.methods import LEAST, METHODS, started
from imclust_core.mapping.trust import trustworthiness
from imclust_core.mapping.whole import from_graph, make
from tests.helpers.cases import case

BENT = [name for name, way in METHODS.items() if way.find is not None]


def blobs(each: int, groups: int = 5, d: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows in groups that anybody could tell apart, mixed, and the group of each."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(groups), each))
    centres = rng.normal(0, 1, (groups, d)) * 3
    return (centres[truth] + rng.normal(0, 1, (len(truth), d))).astype(np.float32), truth


def purity(places: np.ndarray, truth: np.ndarray, k: int = 5) -> float:
    """The share of each row's nearest on the map that are of its group."""
    near = NearestNeighbors(n_neighbors=k + 1).fit(places).kneighbors(places, return_distance=False)[:, 1:]
    return float((truth[near] == truth[:, None]).mean())


def test_groups_that_differ_lie_apart_on_a_map_that_the_seed_decides_also_from_the_graph_of_another() -> None:
    features, truth = blobs(40)
    graph = make(features, "umap", seed=3).graph
    assert graph is not None
    for method in METHODS:
        first, again, other = (make(features, method, seed=seed).places for seed in (3, 3, 2))
        with case(method):
            assert np.array_equal(first, again) and first.dtype == np.float32 and first.shape == (200, 2)
            if method in BENT:
                assert purity(first, truth) > 0.97 and not np.array_equal(first, other)
                assert np.array_equal(from_graph(graph, method, seed=3).places, first)


def test_few_rows_have_places_too_and_those_that_are_all_alike_one() -> None:
    features, _ = blobs(5)
    for method, n in product(METHODS, (1, 2, 3, 4, 7, 8, 9, 10, 17)):
        made = make(features[:n], method)
        assert made.places.shape == (n, 2) and np.isfinite(made.places).all(), (method, n)
        assert bool(made.notes) == (n < LEAST and method in BENT), (method, n)
        assert n == 1 or len(np.unique(made.places, axis=0)) == n, (method, n)
    for method, n in product(METHODS, (2, 9, 120)):
        made = make(np.repeat(blobs(1)[0][:1], n, axis=0), method)
        assert np.ptp(made.places, axis=0).max() < 1e-3, (method, n)
        assert "All images are the same" in made.notes[0], (method, n)


def test_rows_without_a_direction_far_ones_and_many_copies_do_no_harm() -> None:
    features, _ = blobs(30)
    features[:4] = 0
    features[3, 0] = 1e6
    for method in METHODS:
        assert np.isfinite(make(features, method).places).all(), method
    features, _ = blobs(40)
    features[:120] = features[0]  # more copies than a row has neighbours
    for method in BENT:
        places = make(features, method).places
        assert np.isfinite(places).all(), method
        away = np.linalg.norm(places - np.median(places[:120], axis=0), axis=1)
        assert np.median(away[:120]) < np.median(away[120:]), method


def test_what_no_map_can_be_made_of_is_refused_and_the_length_of_features_does_not_count() -> None:
    for features, said in (
        (np.zeros((0, 5), np.float32), "at least one row"),
        (np.zeros(5, np.float32), "at least one row"),
        (np.full((9, 3), np.nan, np.float32), "no numbers"),
        (np.full((9, 3), np.inf, np.float32), "no numbers"),
    ):
        with case(features.shape, said), pytest.raises(MapError, match=said):
            make(features)
    with pytest.raises(MapError, match="umap, tsne, pca"):
        make(blobs(4)[0], "isomap")
    features, _ = blobs(40)
    longer = features * np.random.default_rng(0).uniform(0.5, 2, (len(features), 1)).astype(np.float32)
    assert np.allclose(make(features, "pca").places, make(longer, "pca").places, atol=1e-4)


# --- neighbours ----------------------------------------------------------------------------------------------------


def all_differ(near: np.ndarray) -> bool:
    return all(len(set(row)) == near.shape[1] for row in near.tolist())


def shared(near: np.ndarray, exact: np.ndarray) -> float:
    """The share of a row's nearest that were found."""
    return float(np.mean([np.isin(found, wanted).mean() for found, wanted in zip(near, exact, strict=True)]))


@pytest.mark.parametrize("each", [200, pytest.param(900, marks=pytest.mark.long)])
def test_cells_find_nearly_all_neighbours_and_a_graph_takes_them_for_many_rows(
    monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    features = blobs(each, groups=8, d=16)[0]
    rows, k = unit_rows(features), 20
    exact, _ = nearest_rows(rows, rows, k)
    near, away = near_rows(rows, rows, k)
    assert near.dtype == np.int32 and near.shape == away.shape == (8 * each, k)
    assert shared(near, exact) > 0.9 and all_differ(near) and (np.diff(away, axis=1) >= 0).all()
    assert np.allclose(np.linalg.norm(rows[:50, None] - rows[near[:50]], axis=2), away[:50], atol=2e-3)
    whole = graph_of(features).near
    monkeypatch.setattr(graph_module, "_EXACT", 1_000)
    found = graph_of(features).near
    assert not np.array_equal(found, whole) and found.dtype == whole.dtype and found.shape == whole.shape
    assert shared(found, whole) > 0.9


@pytest.mark.parametrize("copies", [250, pytest.param(1000, marks=pytest.mark.long), 4000])
def test_among_copies_every_row_still_has_its_neighbours_and_is_its_own_first(copies: int) -> None:
    rows = unit_rows(np.concatenate([np.repeat(blobs(1, groups=1, d=16)[0], copies, axis=0), blobs(50, d=16)[0]]))
    near, away = near_rows(rows, rows, 7)
    assert all_differ(near) and (near >= 0).all() and (near < len(rows)).all() and np.isfinite(away).all()
    graph = graph_of(np.repeat(blobs(1, groups=3)[0], 150, axis=0))
    assert np.array_equal(graph.near[:, 0], np.arange(450)) and all_differ(graph.near)


def test_a_graph_comes_back_as_it_was_and_a_damaged_one_does_not() -> None:
    graph = graph_of(blobs(20)[0])
    again = graph_from(graph.arrays())
    assert again is not None and all(np.array_equal(a, graph.arrays()[name]) for name, a in again.arrays().items())
    wrong: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "near": lambda a: a + 1_000,
        "away": lambda a: a * np.nan,
        "axes": lambda a: a[:-1],
        "chosen": lambda a: a + 5,
        "beside": lambda a: a.astype(float),
    }
    for name, spoil in wrong.items():
        arrays = graph.arrays()
        assert graph_from({**arrays, name: spoil(arrays[name])}) is None
        assert graph_from({**arrays, name: np.array("text")}) is None
        assert graph_from({key: value for key, value in arrays.items() if key != name}) is None


# --- UMAP ----------------------------------------------------------------------------------------------------------


def test_bonds_are_as_umap_defines_them() -> None:
    graph = graph_of(blobs(40)[0])
    near, away = graph.near[:, :15], graph.away[:, :15].astype(float)
    beyond = away[:, 1:] - away[:, 1:2]

    def own(width: float, row: int) -> np.ndarray:
        return np.exp(-beyond[row] / width)

    widths = [brentq(lambda width, row=row: own(width, row).sum() - np.log2(15), 1e-6, 1e6) for row in range(len(near))]
    bonds = np.zeros((len(near), len(near)))
    for row, width in enumerate(widths):
        bonds[row, near[row, 1:]] = own(width, row)
    ours = memberships(near, graph.away[:, :15]).toarray()
    np.testing.assert_allclose(ours, bonds + bonds.T - bonds * bonds.T, atol=1e-3)
    assert abs(ours - ours.T).max() < 1e-12 and ours.max() <= 1 + 1e-9 and ours.min() >= 0


@pytest.mark.long
def test_bonds_are_those_of_umap_learn() -> None:
    from umap.umap_ import fuzzy_simplicial_set  # half a minute to import and compile

    graph = graph_of(blobs(40)[0])
    near, away = graph.near[:, :15], graph.away[:, :15]
    nothing = np.zeros((len(near), 1), np.float32)
    theirs, _, _ = fuzzy_simplicial_set(nothing, 15, 0, "euclidean", knn_indices=near, knn_dists=away)
    assert abs(memberships(near, away) - theirs).max() < 1e-3


def test_different_names_are_held_apart_by_umap_only_and_each_row_needs_one() -> None:
    features, truth = blobs(40)
    graph = graph_of(features)
    mixed = np.random.default_rng(0).integers(0, 2, len(truth))  # names that cut across all groups
    plain, torn = from_graph(graph).places, from_graph(graph, groups=mixed).places
    assert purity(torn, mixed) > purity(plain, mixed) + 0.2
    with pytest.raises(MapError, match="cannot hold different names apart"):
        from_graph(graph, "tsne", groups=truth)
    with pytest.raises(MapError, match="Each row needs one"):
        from_graph(graph, groups=truth[:-1])


@pytest.mark.skipif(not gpu.is_here(), reason="no GPU with cuML here")
def test_cuml_gives_maps_of_the_same_kind() -> None:
    features, truth = blobs(200)
    graph = graph_of(features)
    places = gpu.umap(graph.near, graph.away, graph.axes)
    assert places.shape == (1000, 2) and purity(places, truth) > 0.97


# --- many rows, and more of them -----------------------------------------------------------------------------------


def test_rows_beyond_the_fair_draw_lie_with_their_like() -> None:
    features, truth = blobs(120)
    for method in BENT:
        made = make(features, method, fitted=200)
        graph = made.graph
        with case(method):
            assert graph is not None and graph.rows == 600 and len(graph.chosen) == 200
            assert sorted([*graph.chosen.tolist(), *graph.others.tolist()]) == list(range(600))
            assert graph.beside.shape == graph.off.shape == (400, 5)
            assert "200 images by a fair draw" in made.notes[0]
            assert purity(made.places, truth) > 0.95


def test_a_map_changes_little_when_rows_are_added_and_starts_anew_when_most_are_new() -> None:
    features, truth = blobs(60)
    old = np.arange(len(features)) < 240
    for method in BENT:
        first = make(features[old], method).places
        before = np.full((len(features), 2), np.nan, np.float32)
        before[old] = first
        maps = [make(features, method, before=start).places for start in (before, None)]
        grown, cold = (np.median(np.linalg.norm(one[old] - first, axis=1)) for one in maps)
        assert grown < 0.5 * np.linalg.norm(first.std(axis=0)) and grown < cold, method
        assert purity(maps[0], truth) > 0.95, method
    graph, before = graph_of(blobs(20)[0]), np.full((100, 2), np.nan, np.float32)
    assert np.array_equal(from_graph(graph, before=before).places, from_graph(graph).places)
    for many in (49, 50):
        before[:many] = 0
        assert (started(graph, before) is None) == (many < 50)


def test_whoever_watches_can_end_it() -> None:
    graph = graph_of(blobs(40)[0])
    for method in BENT:
        seen: list[tuple[int, int]] = []

        def step(done: int, total: int, seen: list[tuple[int, int]] = seen) -> None:
            seen.append((done, total))
            if len(seen) > 4:
                raise Cancelled("enough")

        with pytest.raises(Cancelled):
            from_graph(graph, method, step=step)
        assert len(seen) == 5 and all(0 <= done <= total for done, total in seen), method


# --- trust ---------------------------------------------------------------------------------------------------------


def test_trust_is_that_of_scikit_learn_and_none_for_a_handful() -> None:
    features, _ = blobs(30)
    places = make(features).places
    expected = exact_trust(unit_rows(features), places, n_neighbors=15)
    assert trustworthiness(features, places) == pytest.approx(expected, abs=1e-4)
    assert trustworthiness(features, np.random.default_rng(0).normal(size=places.shape)) < 0.7  # type: ignore[operator]
    assert trustworthiness(features[:3], places[:3]) is None
    assert trustworthiness(features[:4], places[:4]) is not None
