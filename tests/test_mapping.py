"""Maps of rows: what lies together, what a seed decides, what stays when rows are added, and the odd cases."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as exact_trust
from sklearn.neighbors import NearestNeighbors

from imclust_core.arrays.linkage import unit_rows
from imclust_core.arrays.neighbours import nearest_rows
from imclust_core.errors import Cancelled, MapError
from imclust_core.mapping import gpu
from imclust_core.mapping import graph as graph_module
from imclust_core.mapping.cells import near_rows
from imclust_core.mapping.graph import Graph, graph_from, graph_of
from imclust_core.mapping.memberships import memberships
from imclust_core.mapping.methods import LEAST, METHODS, started
from imclust_core.mapping.trust import trustworthiness
from imclust_core.mapping.whole import from_graph, make

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


@pytest.mark.parametrize("method", BENT)
def test_groups_that_differ_lie_apart(method: str) -> None:
    features, truth = blobs(60)
    assert purity(make(features, method).places, truth) > 0.97


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_map(method: str) -> None:
    features, _ = blobs(40)
    first, again = make(features, method, seed=3).places, make(features, method, seed=3).places
    assert np.array_equal(first, again)
    assert first.dtype == np.float32 and first.shape == (200, 2)


@pytest.mark.parametrize("method", BENT)
def test_another_seed_gives_another_map(method: str) -> None:
    features, _ = blobs(40)
    assert not np.array_equal(make(features, method, seed=1).places, make(features, method, seed=2).places)


def test_the_length_of_features_does_not_count() -> None:
    features, _ = blobs(40)
    longer = features * np.random.default_rng(0).uniform(0.5, 2, (len(features), 1)).astype(np.float32)
    assert np.allclose(make(features, "pca").places, make(longer, "pca").places, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 9, 10, 17])
def test_few_rows_have_places_too(method: str, n: int) -> None:
    features, _ = blobs(5)
    made = make(features[:n], method)
    assert made.places.shape == (n, 2) and np.isfinite(made.places).all()
    assert bool(made.notes) == (n < LEAST and METHODS[method].find is not None)
    if n > 1:
        assert len(np.unique(made.places, axis=0)) == n


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 9, 120])
def test_rows_that_are_all_alike_lie_on_one_place(method: str, n: int) -> None:
    made = make(np.repeat(blobs(1)[0][:1], n, axis=0), method)
    assert np.ptp(made.places, axis=0).max() < 1e-3
    assert "All images are the same" in made.notes[0]


@pytest.mark.parametrize("method", METHODS)
def test_rows_without_a_direction_and_far_ones_do_no_harm(method: str) -> None:
    features, _ = blobs(30)
    features[:3] = 0
    features[3] = 0
    features[3, 0] = 1e6
    assert np.isfinite(make(features, method).places).all()


@pytest.mark.parametrize("method", BENT)
def test_many_copies_of_one_row_lie_together(method: str) -> None:
    features, _ = blobs(40)
    features[:120] = features[0]  # more copies than a row has neighbours
    places = make(features, method).places
    assert np.isfinite(places).all()
    copies, others = places[:120], places[120:]
    to_copies = np.linalg.norm(copies[:, None] - np.median(copies, axis=0), axis=2)
    assert np.median(to_copies) < np.median(np.linalg.norm(others - np.median(copies, axis=0), axis=1))


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (np.zeros((0, 5), np.float32), "at least one row"),
        (np.zeros(5, np.float32), "at least one row"),
        (np.full((9, 3), np.nan, np.float32), "no numbers"),
        (np.full((9, 3), np.inf, np.float32), "no numbers"),
    ],
)
def test_what_no_map_can_be_made_of_is_refused(features: np.ndarray, said: str) -> None:
    with pytest.raises(MapError, match=said):
        make(features)


def test_methods_that_are_not_there_are_refused_with_those_that_are() -> None:
    with pytest.raises(MapError, match="umap, tsne, pca"):
        make(blobs(4)[0], "isomap")


@pytest.mark.parametrize("method", BENT)
def test_the_second_map_takes_what_the_first_was_made_from(method: str) -> None:
    features, truth = blobs(40)
    first = make(features, "umap")
    again = from_graph(first.graph, method) if first.graph is not None else None
    assert again is not None and np.array_equal(again.places, make(features, method).places)
    assert purity(again.places, truth) > 0.95


# --- neighbours ----------------------------------------------------------------------------------------------------


def test_cells_find_nearly_all_neighbours() -> None:
    rows = unit_rows(blobs(600, groups=8, d=16)[0])
    exact, _ = nearest_rows(rows, rows, 20)
    near, away = near_rows(rows, rows, 20)
    assert near.dtype == np.int32 and near.shape == away.shape == (4800, 20)
    found = np.mean([len(set(a) & set(b)) / 20 for a, b in zip(near.tolist(), exact.tolist(), strict=True)])
    assert found > 0.9
    assert (np.diff(away, axis=1) >= 0).all()
    assert all(len(set(row)) == 20 for row in near.tolist())
    true = np.linalg.norm(rows[:50, None] - rows[near[:50]], axis=2)
    assert np.allclose(true, away[:50], atol=2e-3)


@pytest.mark.parametrize("copies", [250, 1000, 4000])
def test_cells_of_many_copies_still_give_every_row_its_neighbours(copies: int) -> None:
    rows = unit_rows(np.concatenate([np.repeat(blobs(1, groups=1, d=16)[0], copies, axis=0), blobs(50, d=16)[0]]))
    near, away = near_rows(rows, rows, 7)
    assert all(len(set(row)) == 7 for row in near.tolist())
    assert (near >= 0).all() and (near < len(rows)).all() and np.isfinite(away).all()


def test_a_graph_of_many_rows_is_nearly_that_of_each_compared_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    features = blobs(900, groups=8, d=16)[0]
    exact = graph_of(features).near
    monkeypatch.setattr(graph_module, "_EXACT", 1_000)
    found = graph_of(features).near
    assert not np.array_equal(found, exact) and found.dtype == exact.dtype and found.shape == exact.shape
    shared = np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(found.tolist(), exact.tolist(), strict=True)])
    assert shared > 0.9


def test_each_row_is_its_own_first_neighbour_also_among_copies() -> None:
    features = np.repeat(blobs(1, groups=3)[0], 150, axis=0)
    graph = graph_of(features)
    assert np.array_equal(graph.near[:, 0], np.arange(len(features)))
    assert all(len(set(row)) == graph.near.shape[1] for row in graph.near.tolist())


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


def test_bonds_are_those_of_umap_learn() -> None:
    from umap.umap_ import fuzzy_simplicial_set

    graph = graph_of(blobs(40)[0])
    near, away = graph.near[:, :15], graph.away[:, :15]
    theirs, _, _ = fuzzy_simplicial_set(
        np.zeros((len(near), 1), np.float32), 15, 0, "euclidean", knn_indices=near, knn_dists=away
    )
    ours = memberships(near, away)
    assert abs(ours - theirs).max() < 1e-3
    assert abs(ours - ours.T).max() < 1e-12 and ours.max() <= 1 + 1e-9 and ours.min() >= 0


def test_different_names_are_held_apart() -> None:
    features, truth = blobs(40)
    graph = graph_of(features)
    plain = from_graph(graph).places
    mixed = np.random.default_rng(0).integers(0, 2, len(truth))  # names that cut across all groups
    torn = from_graph(graph, groups=mixed).places
    assert purity(torn, mixed) > purity(plain, mixed) + 0.2


def test_names_are_for_umap_only_and_one_for_each_row() -> None:
    features, truth = blobs(10)
    graph = graph_of(features)
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


@pytest.mark.parametrize("method", BENT)
def test_rows_beyond_the_fair_draw_lie_with_their_like(method: str) -> None:
    features, truth = blobs(120)
    made = make(features, method, fitted=200)
    assert made.graph is not None and len(made.graph.chosen) == 200 and len(made.graph.others) == 400
    assert "200 images by a fair draw" in made.notes[0]
    assert purity(made.places, truth) > 0.95


@pytest.mark.parametrize("method", BENT)
def test_a_map_changes_little_when_rows_are_added(method: str) -> None:
    features, truth = blobs(60)
    old = np.arange(len(features)) < 240
    first = make(features[old], method).places
    before = np.full((len(features), 2), np.nan, np.float32)
    before[old] = first
    grown, cold = make(features, method, before=before).places, make(features, method).places

    def moved(places: np.ndarray) -> float:
        return float(np.median(np.linalg.norm(places[old] - first, axis=1)) / np.linalg.norm(first.std(axis=0)))

    assert moved(grown) < 0.5 and moved(grown) < moved(cold)
    assert purity(grown, truth) > 0.95


def test_a_map_of_mostly_new_rows_starts_anew() -> None:
    features, _ = blobs(20)
    before = np.full((100, 2), np.nan, np.float32)
    before[:49] = 0
    graph = graph_of(features)
    assert started(graph, before) is None
    before[:50] = 0
    assert started(graph, before) is not None
    assert np.array_equal(make(features, before=np.full((100, 2), np.nan, np.float32)).places, make(features).places)


@pytest.mark.parametrize("method", BENT)
def test_whoever_watches_can_end_it(method: str) -> None:
    seen = []

    def step(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) > 4:
            raise Cancelled("enough")

    graph = graph_of(blobs(40)[0])
    with pytest.raises(Cancelled):
        from_graph(graph, method, step=step)
    assert len(seen) == 5 and all(0 <= done <= total for done, total in seen)


# --- trust ---------------------------------------------------------------------------------------------------------


def test_trust_is_that_of_scikit_learn_and_none_for_a_handful() -> None:
    features, _ = blobs(30)
    places = make(features).places
    expected = exact_trust(unit_rows(features), places, n_neighbors=15)
    assert trustworthiness(features, places) == pytest.approx(expected, abs=1e-4)
    assert trustworthiness(features, np.random.default_rng(0).normal(size=places.shape)) < 0.7  # type: ignore[operator]
    assert trustworthiness(features[:3], places[:3]) is None
    assert trustworthiness(features[:4], places[:4]) is not None


def test_a_graph_tells_fitted_rows_from_others() -> None:
    graph = graph_of(blobs(40)[0], fitted=50)
    assert isinstance(graph, Graph) and graph.rows == 200
    assert sorted([*graph.chosen.tolist(), *graph.others.tolist()]) == list(range(200))
    assert graph.beside.shape == graph.off.shape == (150, 5)
