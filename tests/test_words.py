"""Labels become vectors as their words say, from any file of vectors, and no file can do harm."""

import errno
import gc
import gzip
import os
import pickle
import random
import signal
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.error import URLError

import gensim.downloader
import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from gensim.models.fasttext import save_facebook_model

import imclust_core.words.gensim_files as kept
from imclust_core.backbones.classes import imagenet_classes, numbered_classes
from imclust_core.errors import VectorsUnavailable, WordsError
from imclust_core.words.class_labels import TEXTS, Label, keyed, label_vectors, wanted_words
from imclust_core.words.vector_files import read_vectors
from imclust_core.words.vectors import BUILT_IN, check_vectors, embedded_vectors, word_vectors
from tests.helpers.cases import case

if TYPE_CHECKING:
    from _typeshed import StrPath

WORDNET = Path(__file__).resolve().parent.parent / "imclust_core" / "words" / "wordnet"
DIM = 7
Writer = Callable[[Path], None]

WHAT_TO_DO = r"Expected |Connect |Try again|It has: "
"""Every message says what to do next."""


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def axes(*words: str, share: float = 1e-6) -> KeyedVectors:
    """A vocabulary in which each word has a direction of its own, and all are equally rare."""
    return keyed(words, np.eye(len(words)), np.full(len(words), share))


# Labels


def test_a_phrase_that_has_a_vector_of_its_own_is_taken_whole_however_the_file_spells_it() -> None:
    vectors = axes("black_stork", "black", "stork")
    assert label_vectors([Label("black stork")], vectors).tolist() == [[1, 0, 0]]
    for label, spelling in product(("black stork", "Black Stork"), ("black_stork", "Black_stork", "Black_Stork")):
        assert label_vectors([Label(label)], axes(spelling)).tolist() == [[1]], (label, spelling)
    vectors = keyed(["great", "grey", "owl", "great_grey_owl"], 3 * np.eye(4), np.full(4, 1e-6))
    label = Label("owl", ("great grey owl", "owl"))
    assert label_vectors([label], vectors, "first_word").tolist() == [[3, 0, 0, 0]], "the first word of the first"
    assert np.isnan(label_vectors([Label("zyx owl", ("zyx owl", "owl"))], vectors, "first_word")).all()


def test_the_last_word_of_a_phrase_counts_most_rare_ones_more_and_synonyms_alike() -> None:
    (row,) = label_vectors([Label("black stork")], axes("black", "stork"))
    assert row[1] > 2 * row[0] > 0
    assert np.linalg.norm(row) == pytest.approx(1)
    vectors = keyed(["the", "black", "stork"], np.eye(3), np.array([0.05, 1e-6, 1e-6]))
    (row,) = label_vectors([Label("the black stork")], vectors)
    assert row[0] < row[1] / 5
    vectors = keyed(["cougar", "puma"], np.array([[5.0, 0.0], [0.0, 0.1]]), np.full(2, 1e-6))
    (row,) = label_vectors([Label("cougar", ("cougar", "puma"))], vectors)
    assert row[0] == pytest.approx(row[1])


def test_unknown_words_and_synonyms_are_passed_over_and_a_label_without_any_known_word_is_a_row_of_nan() -> None:
    labels = [Label("zyx stork"), Label("stork zyx"), Label("zyx", ("zyx", "stork"))]
    assert label_vectors(labels, axes("stork")).tolist() == [[1], [1], [1]]
    numbers = [Label(one.name) for one in numbered_classes(13)]  # classes that only have a number have no words
    for text in TEXTS:
        found = label_vectors([Label("zyx"), Label("dog"), Label(""), Label("-- _ --")], axes("dog"), text)
        assert np.isnan(found).all(axis=1).tolist() == [True, False, True, True], text
        assert wanted_words(numbers, text) == frozenset(), text
        assert np.isnan(label_vectors(numbers, axes("class", "12"), text)).all(), text
    assert np.isfinite(label_vectors([Label("class A")], axes("class"))).all(), "a word beside the number is one"


def test_the_wanted_words_are_all_that_matter() -> None:
    whole = embedded_vectors()
    labels = [Label(one.name, one.synonyms, one.wnid) for one in imagenet_classes()[::7]]
    for text in TEXTS:
        words = sorted(wanted_words(labels, text) & set(whole.key_to_index))
        shares = np.array([whole.get_vecattr(word, "share") for word in words])
        part = keyed(words, np.array([whole[word] for word in words]), shares)
        np.testing.assert_array_equal(label_vectors(labels, part, text), label_vectors(labels, whole, text), text)


# The vectors in the package


NEARER = ["dog cat bus", "bus truck cat", "oak maple violin", "violin cello oak", "shark goldfish teapot"]


def test_every_class_of_imagenet_has_an_embedded_vector_like_those_of_like_things_and_all_are_small() -> None:
    classes, vectors = imagenet_classes(), embedded_vectors()
    found = label_vectors([Label(one.name, one.synonyms, one.wnid) for one in classes], vectors)
    assert [one.name for one, row in zip(classes, found, strict=True) if not np.isfinite(row).all()] == []
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    shares = [vectors.get_vecattr(word, "share") for word in ("genus", "aardvark")]
    assert 1 > shares[0] > shares[1] > 0
    assert word_vectors("embedded", frozenset()) is vectors
    for names in [*map(str.split, NEARER), ["black stork", "pelican", "black widow"]]:
        one, near, far = label_vectors([Label(name) for name in names], vectors)
        assert cosine(one, near) > cosine(one, far) + 0.1, names
    files = {path.name: path for path in WORDNET.iterdir()}
    assert set(files) == {"LICENSE", "vectors.npz", "hypernyms.npz"}
    assert sum(path.stat().st_size for path in files.values()) <= 5_000_000
    assert "Princeton University" in files["LICENSE"].read_text()


# Files of vectors

WORDS = ["the", "dog", "cat", "Polar_bear", "crème", "bus", *(f"filler{number}" for number in range(300))]
"""More than one block of any reader, the most frequent first."""
MATRIX = np.random.default_rng(0).normal(size=(len(WORDS), DIM)).astype(np.float32)
WANTED = frozenset({"dog", "Polar_bear", "crème", "bus", "filler299", "unicorn"})
HAD = WANTED - {"unicorn"}


def vocabulary() -> KeyedVectors:
    vectors = KeyedVectors(DIM)
    vectors.add_vectors(WORDS, MATRIX)
    return vectors


def word2vec_text(path: Path) -> None:
    vocabulary().save_word2vec_format(os.fspath(path), binary=False)


def word2vec_binary(path: Path) -> None:
    vocabulary().save_word2vec_format(os.fspath(path), binary=True)


def word2vec_binary_lines(path: Path) -> None:
    """As Google's program writes it: a line break after each vector."""
    rows = [word.encode() + b" " + row.tobytes() + b"\n" for word, row in zip(WORDS, MATRIX, strict=True)]
    path.write_bytes(f"{len(WORDS)} {DIM}\n".encode() + b"".join(rows))


def glove(path: Path, *, end: str = "\n") -> None:
    rows = [" ".join([word, *(repr(float(number)) for number in row)]) for word, row in zip(WORDS, MATRIX, strict=True)]
    path.write_bytes("".join(row + end for row in rows).encode())


def vec(path: Path) -> None:
    """As fastText writes text: a header, and a blank at the end of each line."""
    glove(path, end=" \n")
    path.write_bytes(f"{len(WORDS)} {DIM}\n".encode() + path.read_bytes())


def kv(path: Path) -> None:
    vocabulary().save(os.fspath(path))


def kv_beside(path: Path) -> None:
    vocabulary().save(os.fspath(path), sep_limit=0)
    assert path.with_name(f"{path.name}.vectors.npy").is_file()


def packed(write: Writer) -> Writer:
    def packed_write(path: Path) -> None:
        plain = path.with_name("plain")  # gensim packs what it saves as .gz by itself
        write(plain)
        path.write_bytes(gzip.compress(plain.read_bytes(), 1))
        plain.unlink()

    return packed_write


FORMATS: dict[str, Writer] = {
    "word2vec.bin": word2vec_binary,
    "google.bin": word2vec_binary_lines,
    "word2vec.txt": word2vec_text,
    "glove.txt": glove,
    "glove-dos.txt": lambda path: glove(path, end="\r\n"),
    "fasttext.vec": vec,
    "vectors.kv": kv,
    "beside.kv": kv_beside,
}
FORMATS |= {f"{name}.gz": packed(FORMATS[name]) for name in ("word2vec.bin", "google.bin", "word2vec.txt", "glove.txt")}


def test_the_same_vectors_come_out_of_every_format_whatever_the_name_and_only_the_wanted_ones(tmp_path: Path) -> None:
    for name, write in FORMATS.items():
        write(tmp_path / name)
        found = read_vectors(tmp_path / name, WANTED)
        assert set(found.key_to_index) == HAD, name
        for word in HAD:
            np.testing.assert_array_equal(found[word], MATRIX[WORDS.index(word)], err_msg=f"{word} in {name}")
    for name in ("vectors.gz", "vectors.bin", "vectors", "vectors.kv"):
        glove(tmp_path / name)
        assert set(read_vectors(tmp_path / name, WANTED).key_to_index) == HAD, name


def test_words_further_down_a_file_are_taken_to_be_rarer(tmp_path: Path) -> None:
    for name in ("word2vec.bin", "glove.txt", "vectors.kv"):
        FORMATS[name](tmp_path / name)
        found = read_vectors(tmp_path / name, frozenset(WORDS))
        shares = [found.get_vecattr(word, "share") for word in WORDS]
        assert shares == sorted(shares, reverse=True), name
        assert shares[-1] > 0 and sum(shares) <= 1.1, name


def test_rows_that_lie_across_blocks_of_a_large_file_are_whole(tmp_path: Path) -> None:
    words = [f"word{number}" for number in range(4_600)]
    matrix = np.random.default_rng(1).integers(-9, 9, (4_600, 250)).astype(np.float32)
    binary = [word.encode() + b" " + row.tobytes() for word, row in zip(words, matrix, strict=True)]
    text = [f"{word} {' '.join(map(str, row))}\n".encode() for word, row in zip(words, matrix.tolist(), strict=True)]
    for rows in (binary, text):
        (tmp_path / "large").write_bytes(b"4600 250\n" + b"".join(rows))
        assert (tmp_path / "large").stat().st_size > 1 << 22
        found = read_vectors(tmp_path / "large", frozenset(words))
        np.testing.assert_array_equal(np.array([found[word] for word in words]), matrix)


def test_of_a_text_file_blank_lines_and_words_without_numbers_are_dropped_and_what_was_changed_is_read_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "vectors.txt"
    for text, wanted in (
        ("the 1 2\n\ndog 3 4\n\ncat 5 6\n\n", {"dog": [3, 4]}),  # as GloVe has it
        ("3 2\nthe 1 2\n\ndog 3 4.5\n\ncat 5 6\n\n", {"dog": [3, 4.5]}),  # as word2vec
        ("dog 1 2\ncat nan 1\nbus inf 1\ncar -inf 1\ncow 0 0\n", {"dog": [1, 2]}),
        ("dog 1 2\ncat 3 4\ndog 5 6\n", {"dog": [1, 2], "cat": [3, 4]}),  # of a word that comes twice the first
    ):
        path.write_text(text)
        asked = frozenset(wanted) | (set() if "the" in text else {"cat", "bus", "car", "cow"})
        found = read_vectors(path, asked)
        assert {word: found[word].tolist() for word in found.key_to_index} == wanted, text
    save_held(path, index_to_key=["dog", "cat", "dog"], vectors=np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    found = read_vectors(path, frozenset({"dog", "cat"}))
    assert (found["dog"].tolist(), found["cat"].tolist()) == ([1, 2], [3, 4])


def fasttext(path: Path) -> KeyedVectors:
    """A tiny fastText model as fastText itself would save it; the vectors that gensim has for it."""
    model = FastText(vector_size=DIM, min_count=1, bucket=50, seed=0, workers=1)
    model.build_vocab_from_freq({word: len(WORDS) - place for place, word in enumerate(WORDS)})
    save_facebook_model(model, os.fspath(path))
    return model.wv


def test_a_fasttext_binary_and_a_file_of_gensim_give_its_vectors_and_of_a_whole_model_they_are_asked_for(
    tmp_path: Path,
) -> None:
    theirs = fasttext(tmp_path / "cc.en.bin")
    found = read_vectors(tmp_path / "cc.en.bin", WANTED)
    assert set(found.key_to_index) == HAD  # and no vector is made up for the unicorn
    for word in HAD:
        np.testing.assert_allclose(found[word], theirs[word], rtol=1e-5, atol=1e-7)
    model = Word2Vec(vector_size=DIM, min_count=1, seed=0, workers=1)
    model.build_vocab_from_freq({word: len(WORDS) - place for place, word in enumerate(WORDS)})
    for limit in (10 * 2**20, 0):  # all in one file, and arrays beside it
        model.save(os.fspath(tmp_path / "word2vec.model"), sep_limit=limit)
        with pytest.raises(WordsError, match=r"save model\.wv"):
            read_vectors(tmp_path / "word2vec.model", WANTED)
        model.wv.save(os.fspath(tmp_path / "vectors.kv"), sep_limit=limit)
        found = read_vectors(tmp_path / "vectors.kv", WANTED)
        for word in HAD:
            np.testing.assert_array_equal(found[word], model.wv[word])


def test_reading_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    word2vec_binary(tmp_path / "vectors.bin")
    told: list[tuple[int, int, str]] = []
    read_vectors(tmp_path / "vectors.bin", WANTED, lambda *what: told.append(what))
    size = (tmp_path / "vectors.bin").stat().st_size
    assert told and all(0 <= done <= total == size and "vectors.bin" in what for done, total, what in told)

    class Stopped(Exception):
        pass

    def stop(_done: int, _total: int, _what: str) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        read_vectors(tmp_path / "vectors.bin", WANTED | {"stop"}, stop)


# Hostile files


@contextmanager
def in_time(name: str) -> Iterator[None]:
    """Three seconds and 200 MB are plenty for files of a few kilobytes; what fails says of which file."""

    class TooLong(BaseException):
        """Not for any `except Exception` to swallow."""

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(3)
    tracemalloc.start()
    try:
        with case(name):
            yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert peak < 200e6, f"{peak / 1e6:.0f} MB were asked for, for {name}"


def refused(path: Path, wanted: frozenset[str] = WANTED) -> str:
    """The message with which a file is refused."""
    with pytest.raises(WordsError, match=WHAT_TO_DO) as caught:
        read_vectors(path, wanted)
    message = str(caught.value)
    assert path.name in message
    return message


class Held:
    """An object of gensim's with only what a test wants in it."""


Held.__module__ = "gensim.models.keyedvectors"
Held.__qualname__ = Held.__name__ = "KeyedVectors"


def save_held(path: Path, **facts: object) -> None:
    """Pickle what claims to be KeyedVectors."""

    class Pickler(pickle._Pickler):  # the one in C looks whether the class is what its name says
        def save_global(self, one: Any, name: str | None = None) -> None:
            if one is Held:
                self.write(b"cgensim.models.keyedvectors\nKeyedVectors\n")
                self.memoize(one)
            else:
                super().save_global(one, name)

        dispatch: ClassVar = {**pickle._Pickler.dispatch, type: save_global}

    held = Held()
    vars(held).update(facts)
    with path.open("wb") as file:
        Pickler(file, 4).dump(held)


def altered(write: Callable[[Path], object], change: Callable[[bytes], bytes], beside: str = "") -> Writer:
    """A file with other bytes in it, or in the one that lies beside it under a longer name."""

    def written(path: Path) -> None:
        write(path)
        file = path.with_name(path.name + beside)
        file.write_bytes(change(file.read_bytes()))

    return written


def cut_short(write: Callable[[Path], object], keep: float) -> Writer:
    return altered(write, lambda whole: whole[: int(len(whole) * keep)])


def fasttext_part(at: int, number: int) -> Writer:
    """A fastText binary with another number at one place of its head."""
    return altered(fasttext, lambda whole: whole[:at] + struct.pack("<i", number) + whole[at + 4 :])


def beside_is(content: bytes) -> Writer:
    return altered(kv_beside, lambda _: content, ".vectors.npy")


def without_beside(path: Path) -> None:
    kv_beside(path)
    path.with_name(f"{path.name}.vectors.npy").unlink()


def objects_beside(path: Path) -> None:
    kv_beside(path)
    np.save(path.with_name(f"{path.name}.vectors.npy"), np.array([[None] * DIM] * len(WORDS)), allow_pickle=True)


def held_file(**facts: object) -> Writer:
    return lambda path: save_held(path, **facts)


DICTIONARY = 8 + 12 * 4 + 8
"""Where fastText's dictionary begins: after two magic numbers, twelve counts and one float64 (see _fasttext_bin)."""
ZIP = b"PK\x05\x06" + bytes(18)

HOSTILE: dict[str, bytes | Writer] = {
    "empty": b"",
    "one-byte": b"\n",
    "random": random.Random(0).randbytes(5_000),
    "random-after-0x80": b"\x80" + random.Random(1).randbytes(5_000),
    "random-after-gzip": b"\x1f\x8b\x08\x00" + random.Random(2).randbytes(5_000),
    "zeros": bytes(100_000),
    "words-of-a-novel": b"It was the best of times\nit was the worst of times, it was\n" * 20,
    "page.html": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n",
    "half.bin": cut_short(word2vec_binary, 0.5),
    "almost.bin": cut_short(word2vec_binary, 0.999),
    "half.txt": cut_short(word2vec_text, 0.4999),
    "half.bin.gz": cut_short(packed(word2vec_binary), 0.5),
    "half.txt.gz": cut_short(packed(glove), 0.5),
    "almost.txt.gz": cut_short(packed(glove), 0.999),
    "broken-inside.gz": altered(packed(glove), lambda whole: whole[:11_000] + b"\xff" * 40 + whole[11_040:]),
    "only-head.gz": b"\x1f\x8b",
    "half.kv": cut_short(kv, 0.5),
    "huge-count.bin": b"999999999999 4\nthe " + bytes(16),
    "huger-count.bin": b"9999999999999999999999999 4\nthe " + bytes(16),
    "huge-dimension.bin": b"5 999999\nthe " + bytes(16),
    "huger-dimension.bin": b"5 99999999999999999999\nthe " + bytes(16),
    "no-dimension.bin": b"5 0\nthe dog cat",
    "no-words.bin": b"0 4\n",
    "nothing.txt": b"0 0\n",
    "negative.bin": b"-5 4\nthe " + bytes(16),
    "endless-word.bin": b"2 4\n" + b"x" * 50_000,
    "endless-row.txt": b"the" + b" 1" * 50_000,
    "short-row.txt": b"the 1 2 3\ndog 1 2\ncat 1 2 3\n",
    "short-row-with-head.txt": b"3 3\nthe 1 2 3\ndog 1 2\ncat 1 2 3\n",
    "no-number.txt": b"the 1 2 3\ndog 1 two 3\ncat 1 2 3\n",
    "only-bad-vectors.txt": b"dog nan 1 2\nbus 0 0 0\n",
    "only-bad-vectors.kv": held_file(index_to_key=["dog"], vectors=np.array([[np.nan, 1.0]])),
    "list.kv": pickle.dumps(["dog", "cat"]),
    "dict.kv": pickle.dumps({"index_to_key": ["dog"], "vectors": [[1.0]]}),
    "array.kv": pickle.dumps(MATRIX),
    "text.kv": pickle.dumps("dog"),
    "old-gensim.kv": held_file(index2word=["dog"], vectors=MATRIX[:1]),
    "empty-object.kv": held_file(),
    "model-without-vectors.kv": held_file(wv=["dog"]),
    "fewer-words.kv": held_file(index_to_key=["dog"], vectors=MATRIX),
    "flat.kv": held_file(index_to_key=["dog"], vectors=MATRIX[0]),
    "words-are-lists.kv": held_file(index_to_key=[["dog"], ["cat"]], vectors=MATRIX[:2]),
    "words-are-numbers.kv": held_file(index_to_key=[1, 2], vectors=MATRIX[:2]),
    "objects.kv": held_file(index_to_key=["dog"], vectors=np.array([[None, {}]], object)),
    "texts.kv": held_file(index_to_key=["dog"], vectors=np.array([["one", "two"]])),
    "records.kv": held_file(index_to_key=["dog"], vectors=np.zeros((1, 2), [("a", "f4"), ("b", "f4")])),
    "no-beside.kv": without_beside,
    "empty-beside.kv": beside_is(b""),
    "random-beside.kv": beside_is(random.Random(3).randbytes(500)),
    "objects-beside.kv": objects_beside,
    "zip-beside.kv": beside_is(ZIP),  # numpy opens archives and leaves them open
    # A pickle of a few bytes that asks for a memo of a quarter of a gigabyte.
    "memo.kv": b"\x80\x04Nr" + struct.pack("<I", 1 << 24) + b".",
    "only-magic.bin": struct.pack("<i", 793712314),
    "in-words.bin": cut_short(fasttext, 0.1),
    "in-vectors.bin": cut_short(fasttext, 0.6),
    "huge-vocabulary.bin": fasttext_part(DICTIONARY, 2**31 - 1),
    "with-labels.bin": fasttext_part(DICTIONARY + 8, 3),
    "huge-dimension-fasttext.bin": fasttext_part(8, 2**31 - 1),
    "negative-dimension-fasttext.bin": fasttext_part(8, -1),
    "huge-bucket.bin": fasttext_part(8 + 4 * 8, 2**31 - 1),
}


def test_a_file_that_is_none_of_vectors_is_refused_in_plain_words_and_not_left_open(tmp_path: Path) -> None:
    for name, content in HOSTILE.items():
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            content(tmp_path / name)
        with in_time(name):
            refused(tmp_path / name)
    for name in ("gone.bin", ".", "a" * 300):
        with case(name):
            refused(tmp_path / name)
    gc.collect()  # pytest fails here and not in whichever test is next


def test_a_sound_file_without_any_wanted_word_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    sound = ("word2vec.bin", "word2vec.txt", "glove.txt", "vectors.kv", "glove.txt.gz")
    for name, write in {**{name: FORMATS[name] for name in sound}, "cc.en.bin": fasttext}.items():
        write(tmp_path / name)
        with case(name):
            assert "none of the words" in refused(tmp_path / name, frozenset({"unicorn"}))


class Runs:
    """What a pickle can be made to do when it is loaded."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


def called(name: bytes, text: str) -> bytes:
    """A pickle that calls what has this name, with a text."""
    return b"\x80\x02c" + name + b"\n(X" + struct.pack("<I", len(text)) + text.encode() + b"tR."


def pickles(mark: "StrPath") -> dict[str, bytes]:
    """Files that leave a mark where they are run."""
    touch = f"touch {os.fspath(mark)}"
    python = f"open({os.fspath(mark)!r}, 'w')"
    return {
        "system": pickle.dumps(Runs(os.system, touch)),
        "mkdir": pickle.dumps(Runs(os.mkdir, os.fspath(mark)), 2),
        "eval": pickle.dumps(Runs(eval, python), 2),
        "in-a-list": pickle.dumps(["dog", Runs(exec, python)]),
        "by-name-of-gensim": called(b"gensim.utils\nos.system", touch),
        "by-dots": b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93.",
        "class-as-function": called(b"gensim.models.word2vec\nos.system", touch),
        "load-again": called(b"numpy\nload", touch),
    }


def test_a_pickle_that_would_run_something_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "vectors.kv"
    for name, data in pickles(mark).items():
        path.write_bytes(data)
        with in_time(name):
            refused(path)
            assert not mark.exists()


def test_a_pickle_that_changes_the_classes_it_is_given_changes_nothing_for_the_next_file(tmp_path: Path) -> None:
    save_held(tmp_path / "evil", index_to_key=["dog"], vectors=np.array([[6.0, 6.0, 6.0]]))
    evil = (tmp_path / "evil").read_bytes()
    body = evil[evil.index(b"cgensim") : -1]  # between the head and the end
    # Attributes of a class are set like those of an object with slots: its state is (None, {"wv": ...}).
    poison = b"\x80\x04cgensim.models.keyedvectors\nKeyedVectors\n(N}X\x02\x00\x00\x00wv" + body + b"stb."
    (tmp_path / "poison.kv").write_bytes(poison)
    kv(tmp_path / "sound.kv")
    try:
        with pytest.raises(WordsError):
            read_vectors(tmp_path / "poison.kv", WANTED)
        np.testing.assert_array_equal(read_vectors(tmp_path / "sound.kv", WANTED)["dog"], MATRIX[1])
    finally:
        if hasattr(holder := getattr(kept, "_Held", None), "wv"):
            del holder.wv  # or every later test would read this one's vectors


@pytest.mark.parametrize("times", [60, pytest.param(1_000, marks=pytest.mark.long)])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path: Path, times: int) -> None:
    for name in ("word2vec.bin", "word2vec.txt", "vectors.kv", "glove.txt.gz"):
        FORMATS[name](tmp_path / "sound")
        sound = (tmp_path / "sound").read_bytes()
        rng = random.Random(4)
        for number in range(times):
            data = bytearray(sound)
            for _ in range(rng.choice([1, 3, 30])):
                # mostly at the head, where the structure is
                data[min(int(rng.expovariate(1 / 300)), len(data) - 1)] = rng.randrange(256)
            path = tmp_path / f"{name} {number}"
            path.write_bytes(data)
            with in_time(path.name), suppress(WordsError):
                assert set(read_vectors(path, WANTED).key_to_index) <= WANTED


# Sources


NO_SOURCES = ["", "embeded", "gensim:", "gensim:../x", "gensim:..", "gensim:/etc", "gensim:a/b", "gensim:a\\b"]
NO_SOURCES += ["gensim:x\n", "gensim:x*", "/no/such/file.bin", "\0", "~nobody/vectors.bin"]


def test_the_names_of_sources_are_what_they_are_and_others_are_refused_before_anything_is_done() -> None:
    for name in (*BUILT_IN, "gensim:glove-wiki-gigaword-50"):
        assert check_vectors(name) == name
    for name in NO_SOURCES:
        with case(name), pytest.raises(WordsError, match="Expected "):
            check_vectors(name)


def test_a_file_outside_the_allowed_roots_is_as_good_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        glove(folder / "glove.txt")
    (inside / "link.txt").symlink_to(outside / "glove.txt")
    monkeypatch.setenv("IMCLUST_ROOTS", str(inside))
    assert check_vectors(str(inside / "glove.txt")) == str(inside / "glove.txt")
    said = []
    for path in (outside / "glove.txt", inside / "link.txt", inside / ".." / "outside" / "glove.txt", outside / "no"):
        with pytest.raises(WordsError, match="IMCLUST_ROOTS") as caught:
            check_vectors(str(path))
        said.append(str(caught.value).replace(repr(str(path)), "it"))
    assert len(set(said)) == 1, "nobody learns which files there are"


def test_what_gensim_has_is_read_where_it_was_placed_by_hand_and_said_how_to_place_it_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_args: object, **_more: object) -> None:
        raise URLError(OSError(errno.ENETUNREACH, "Network is unreachable"))

    offline = tmp_path / "gensim-data"
    for name, value in (("info", nothing), ("load", nothing), ("base_dir", str(offline))):
        monkeypatch.setattr(gensim.downloader, name, value)
    with pytest.raises(VectorsUnavailable, match=r"Connect the machine.*by hand") as caught:
        word_vectors("gensim:glove-wiki-gigaword-50", WANTED)
    assert str(offline / "glove-wiki-gigaword-50") in str(caught.value) and not offline.exists()
    for number, name in enumerate(("glove.txt.gz", "word2vec.bin.gz", "word2vec.txt", "beside.kv")):
        folder = offline / f"my-vectors-{number}"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise AssertionError('nothing here is ever run')")
        FORMATS[name](folder / f"my-vectors-{number}{''.join(Path(name).suffixes)}")
        assert set(word_vectors(f"gensim:my-vectors-{number}", WANTED).key_to_index) == HAD, name
    models = {"models": {"glove-twitter-25": {}, "fasttext-wiki": {}}, "corpora": {}}
    monkeypatch.setattr(gensim.downloader, "info", lambda: models)
    with pytest.raises(WordsError, match=r"no 'glove'.*It has: fasttext-wiki, glove-twitter-25") as refusal:
        word_vectors("gensim:glove", WANTED)
    assert not isinstance(refusal.value, VectorsUnavailable)
    with pytest.raises(VectorsUnavailable, match="could not be downloaded"):
        word_vectors("gensim:glove-twitter-25", WANTED)
