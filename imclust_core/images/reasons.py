"""Why a file is skipped, and what is worth knowing about one that is not: codes and their sentences."""

REASONS: dict[str, str] = {
    "empty": "The file has no bytes.",
    "not_an_image": "The content is not a picture in any format imclust knows.",
    "unsupported": "A picture or document format that imclust does not open.",
    "truncated": "The picture ends before its data does, as after a broken copy.",
    "damaged": "The picture's data cannot be decoded.",
    "too_many_pixels": "More than 89 million pixels: it could exhaust the memory.",
    "too_large": "The file is larger than 512 MiB.",
    "bad_aspect": "A side longer than 30,000 pixels, or more than 100 times the other.",
    "symlink": "A symbolic link; links are not followed unless asked for, and never out of the folder.",
    "not_a_file": "A pipe, socket or device, not a file.",
    "permission": "The file or folder may not be read by the user imclust runs as.",
    "path_too_long": "The path is longer than the operating system opens.",
    "changed": "The file changed while it was read, or since it was scanned.",
    "vanished": "The file was listed and then was gone.",
    "io_error": "The disk or network gave an error while reading.",
    "timeout": "Reading and decoding took longer than 20 seconds.",
    "decoder_crash": "The decoder ended abruptly on this file.",
    "out_of_memory": "Decoding needed more memory than it was allowed.",
    "nonfinite": "The network's numbers for it are not finite.",
}

HINTS: dict[str, str] = {
    "unsupported:heic": "Install the extra imclust[heif] and rescan to use HEIC pictures.",
    "unsupported:raw": "Develop camera raw files to JPEG or TIFF first.",
    "unsupported:svg": "Draw SVG files to PNG first.",
    "permission": "Change the rights of the file and rescan.",
    "symlink": "Scan with links followed, or scan the folder the links point to.",
}

TRANSIENT = frozenset({"permission", "changed", "vanished", "io_error", "timeout", "decoder_crash", "out_of_memory"})
"""Reasons that may be gone next time: a rescan reads these files again even when they look unchanged."""

WALK_REASONS = frozenset({"symlink", "not_a_file"})
"""Reasons seen without opening the file, so they can end while its size and time stay (links followed now)."""

SOURCE_TROUBLE = frozenset({"io_error", "vanished", "timeout"})
"""Reasons that, many in a row, mean the drive went away rather than that the files are bad."""

NOTES: dict[str, str] = {
    "ext_mismatch": "The name's extension says another format than the content.",
    "tiny": "Smaller than 16 pixels on a side.",
    "animated": "An animation; its first frame is used.",
    "multipage": "Several pages or pictures in one file; the first is used.",
    "alpha": "Has transparency; shown on white.",
    "cmyk": "In print colours; converted.",
    "deep": "More than 8 bits a channel; scaled to 8.",
    "rotated": "Turned upright as its EXIF says.",
}


def title(reason: str) -> str:
    """A reason code as a heading: "Not an image", "Unsupported: HEIC"."""
    family, _, kind = reason.partition(":")
    words = family.replace("_", " ").capitalize().replace("Io ", "I/O ")
    return f"{words}: {kind.upper()}" if kind else words


def sentence(reason: str) -> str:
    """Say a reason code in words, with what to do about it where something can be done."""
    family, _, kind = reason.partition(":")
    words = REASONS.get(family, reason)
    if kind:
        words = f"{kind.upper()}: {words[0].lower()}{words[1:]}"
    hint = HINTS.get(reason, "")
    return f"{words} {hint}".strip()
