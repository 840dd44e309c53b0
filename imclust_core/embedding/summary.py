"""What an embedding says of its collection, in the few numbers a page shows."""

import numpy as np

from imclust_core.store.embeddings import EmbeddingSummary
from imclust_core.store.shards import whole_hash

BINS = 10
UNSURE = 60


def summarise(
    image_ids: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    hashes: np.ndarray,
    missing: dict[str, int],
    *,
    seconds: float,
    images_per_s: float | None,
) -> EmbeddingSummary:
    """Count labels and confidence.

    Parameters
    ----------
    image_ids: (n,). labels: (n,) class number of the most probable class, -1 for none. probabilities: (n,).
    hashes: (n,) S16, of the contents the labels are about.
    missing: reason -> images without a vector.
    """
    known = labels >= 0
    classes, counts = np.unique(labels[known], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    bins = np.minimum((probabilities[known] * BINS).astype(int), BINS - 1)
    least = np.argsort(probabilities[known], kind="stable")[:UNSURE]
    return EmbeddingSummary(
        images=len(image_ids),
        failed=missing,
        labels=[(int(classes[index]), int(counts[index])) for index in order],
        confidence=np.bincount(bins, minlength=BINS).tolist() if known.any() else [],
        unsure=[
            (int(image), int(label), round(float(share), 4), whole_hash(digest).hex())
            for image, label, share, digest in zip(
                image_ids[known][least],
                labels[known][least],
                probabilities[known][least],
                hashes[known][least],
                strict=True,
            )
        ],
        seconds=seconds,
        images_per_s=images_per_s,
    )
