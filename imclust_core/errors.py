"""The one family of errors: every message says what was wrong, what was expected and what to do next."""


class ImclustError(Exception):
    """Something a person can act on; pages and the command line show `str(error)` and nothing else.

    `code` is a short name of the kind of trouble, for scripts.
    """

    code = "failed"


class WorkspaceError(ImclustError):
    """The workspace folder cannot be used as it is."""


class FolderError(ImclustError):
    """A folder of images cannot be opened."""


class CollectionError(ImclustError):
    """A collection was asked for that is not there, or not in the state it was expected in."""


class JobError(ImclustError):
    """A job could not be queued, or ended badly for a reason we can name."""


class BackboneError(ImclustError):
    """A network was asked for that is not there, or does not fit what was given with it."""

    code = "backbone"


class WeightsUnavailable(BackboneError):
    """A network's weights are not on this machine and cannot be downloaded."""

    code = "weights_unavailable"


class WeightsDamaged(BackboneError):
    """A file of weights cannot be read, or does not fit its network."""

    code = "weights_damaged"


class EmbeddingError(ImclustError):
    """An embedding was asked for that is not there, or cannot be made from what there is."""


class WordsError(ImclustError):
    """Word vectors or a tree of words were asked for that cannot be had, or not from what was given."""

    code = "words"


class VectorsUnavailable(WordsError):
    """Word vectors are not on this machine and cannot be downloaded."""

    code = "vectors_unavailable"


class ClusteringError(ImclustError):
    """A clustering was asked for that cannot be made of these images, or that is not there."""

    code = "clustering"


class TruthError(ImclustError):
    """The truth about a collection's images cannot be read, or says nothing of them."""

    code = "truth"


class LabelsError(ImclustError):
    """Something about names or edits cannot be saved or read as it is."""

    code = "labels"


class LabelConflict(LabelsError):
    """Somebody else was faster: nothing was written. `theirs` is the id of the event that stands in the way, or 0."""

    code = "conflict"

    def __init__(self, message: str, theirs: int = 0) -> None:
        super().__init__(message)
        self.theirs = theirs


class ExportError(ImclustError):
    """Results cannot be written out, or read back, as asked."""

    code = "export"


class UploadError(ImclustError):
    """An uploaded file cannot be unpacked safely."""


class SourceUnavailable(ImclustError):
    """The folder stopped answering; the job pauses and keeps what it has."""

    code = "source_unavailable"


class WorkspaceFull(ImclustError):
    """The disk of the workspace has no room; the job pauses and keeps what it has."""

    code = "workspace_full"


class Cancelled(ImclustError):
    """Somebody asked a running job to stop."""

    code = "cancelled"


class LeaseLost(ImclustError):
    """Another worker has taken the job over, so this one must stop touching it."""


class ImageProblem(ImclustError):
    """One file cannot be used as an image. `reason` is a code of `imclust_core.images.reasons`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class ExplainError(ImclustError):
    """What a network looked at cannot be said, of this network or of this question."""

    code = "explain"


class MapError(ImclustError):
    """A map cannot be made of these images, or is not there."""

    code = "map"


class SelectionError(ImclustError):
    """A selection of images cannot be kept, or is not there."""

    code = "selection"
