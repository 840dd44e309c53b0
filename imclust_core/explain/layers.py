"""The layers of a network, as somebody may choose one to look at. No torch."""

from dataclasses import dataclass
from math import isqrt, prod

STORED = "stored-vector"
"""The name of what a network says in the end, which is what an embedding keeps. No module can be called so."""


@dataclass(frozen=True)
class Layer:
    """One layer: what it is, and what comes out of it for one image.

    name: of the module, or `STORED`. kind: what it does, in the words of torch. shape: of its output for one image.
    form: how channels and places lie in it: "first", (c, h, w); "last", (h, w, c); "tokens", (skip + h * w, c);
    "vector", c numbers without places. calls: how often it runs in one pass. parameters: numbers it has learned.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    form: str
    skip: int
    calls: int
    parameters: int

    @property
    def channels(self) -> int:
        """How many different things it looks for."""
        if self.form == "vector":
            return prod(self.shape)
        return self.shape[0] if self.form == "first" else self.shape[-1]

    @property
    def side(self) -> int:
        """Its places along one side of the square picture; 1 where it has none."""
        if self.form == "vector":
            return 1
        return isqrt(self.shape[0] - self.skip) if self.form == "tokens" else self.shape[1]
