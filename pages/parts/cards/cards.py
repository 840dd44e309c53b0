"""Groups or clusters as cards: number and colour, a name, what there is to say, a few images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from imclust_core.store.catalogue import usable_images
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import image_address, signing_key
from pages.parts.kit.colours import NOISE, colour_of, ink_on
from pages.parts.kit.component import Widget
from pages.parts.kit.messages import whole_number

_cards = Widget(__file__, "cards", '<div class="groups" role="group" aria-label="Groups of images"></div>')


@dataclass(frozen=True)
class Card:
    """One group. node: what a click tells. number: what it is called and coloured by, 0 for what is in no group.

    images: ids of those that stand for it. share: how large it is beside the largest, for a bar; None for no bar.
    """

    node: int
    number: int
    name: str
    facts: str
    words: str
    images: Sequence[int]
    share: float | None = None


def show_cards(
    workspace: Workspace,
    source: Collection,
    cards: Sequence[Card],
    chosen: int | None,
    *,
    key: str,
    on_pick: Callable[[int], None],
    wide: bool = False,
) -> None:
    """The cards in this order; on_pick gets the node of a click. wide: beside each other."""
    wanted = [image for card in cards for image in card.images]
    usable = {one.id: one for one in usable_images(workspace, source.id, wanted)}
    secret = signing_key(workspace)

    def drawn(card: Card) -> dict[str, Any]:
        colour = colour_of(card.number) if card.number else NOISE
        return {
            "node": card.node,
            "number": card.number or "–",
            "colour": colour,
            "ink": ink_on(colour),
            "name": card.name,
            "facts": card.facts,
            "words": card.words,
            "share": card.share,
            "pictures": [
                image_address(secret, source.id, usable[one], "thumb") for one in card.images if one in usable
            ],
        }

    data = {"groups": [drawn(card) for card in cards], "branch": chosen, "wide": wide}
    _cards(key, data, {"pick": whole_number(on_pick)})
