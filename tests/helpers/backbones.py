"""The smallest network that is still a real one."""

from imclust_core.jobs.requests import EmbedRequest

TINY = "timm:test_resnet"
"""A residual network of half a million numbers, as quick as a real one can be."""


ASKED = EmbedRequest(TINY, random_weights=True)
