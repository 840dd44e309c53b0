"""The words of a network: its class names, with WordNet's synonyms, ids and glosses where they are ImageNet's."""

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassName:
    """One class: `name` is unique among its network's; wnid, synonyms and gloss are empty outside ImageNet."""

    name: str
    wnid: str = ""
    synonyms: tuple[str, ...] = ()
    gloss: str = ""


@functools.cache
def imagenet_classes(subset: str = "imagenet-1k") -> tuple[ClassName, ...]:
    """The classes of an ImageNet subset as timm knows it; by default the 1,000 of 2012, in their usual order."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo(subset)
    raw = []
    for index in range(info.num_classes()):
        lemmas = info.index_to_description(index)
        gloss = info.index_to_description(index, detailed=True).removeprefix(f"{lemmas}: ")
        raw.append((info.index_to_label_name(index), tuple(one.strip() for one in lemmas.split(",")), gloss))
    firsts = Counter(lemmas[0].lower() for _, lemmas, _ in raw)
    names = [lemmas[0] if firsts[lemmas[0].lower()] == 1 else _told_apart(lemmas, gloss) for _, lemmas, gloss in raw]
    again = Counter(names)  # in the largest sets even glosses begin alike
    return tuple(
        ClassName(name if again[name] == 1 else f"{name} [{wnid}]", wnid, lemmas, gloss)
        for name, (wnid, lemmas, gloss) in zip(names, raw, strict=True)
    )


def _told_apart(lemmas: tuple[str, ...], gloss: str) -> str:
    """A name for a word that two classes share, as `crane` does."""
    if len(lemmas) > 1:
        return ", ".join(lemmas[:2])
    return f"{lemmas[0]} ({re.split(';| of | that ', gloss)[0]})"


def named_classes(names: Sequence[str]) -> tuple[ClassName, ...]:
    """Classes that somebody named; a name that is used again gets its number."""
    seen = Counter(names)
    return tuple(ClassName(name if seen[name] == 1 else f"{name} ({index})") for index, name in enumerate(names))


def numbered_classes(number: int) -> tuple[ClassName, ...]:
    """Names for a network whose classes nobody named."""
    return tuple(ClassName(f"class {index}") for index in range(number))
