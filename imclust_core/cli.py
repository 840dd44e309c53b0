"""The command line: the same verbs as the dashboard, without a browser.

Exit codes: 0 done, 1 failed, 2 bad arguments. With --json, one JSON object on stdout and nothing else.
"""

import argparse
import os
import sys
from collections.abc import Callable

from imclust_core.arrays.linkage import LINKAGES, METRICS
from imclust_core.backbones.preprocessing import MODES
from imclust_core.backbones.registry import BUNDLED, RECOMMENDED
from imclust_core.clustering.strategies import STRATEGIES
from imclust_core.commands.clusters import cluster_folder, compare_two, evaluate_clustering
from imclust_core.commands.doctor import doctor
from imclust_core.commands.explain import USUAL, WAYS, explain_images
from imclust_core.commands.export import export_clusters, import_names, list_names
from imclust_core.commands.images import embed_folder, sample, scan_folder
from imclust_core.commands.lists import list_collections, list_jobs
from imclust_core.commands.map import draw
from imclust_core.commands.running import print_json
from imclust_core.commands.ui import open_dashboard
from imclust_core.commands.words import grow_tree
from imclust_core.config import VERSION
from imclust_core.errors import ImclustError
from imclust_core.exchange.exports.exports import FORMATS, HOW
from imclust_core.explain.colormaps import MAPS
from imclust_core.jobs.requests import AUTO, DEFAULT_CLUSTERING, DEFAULT_TREE, DEVICES, DTYPES
from imclust_core.jobs.worker import work
from imclust_core.mapping.methods import METHODS
from imclust_core.store.truth import FOLDERS
from imclust_core.store.workspace import Workspace
from imclust_core.words.class_labels import TEXTS
from imclust_core.words.vectors import BUILT_IN


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ImclustError as error:
        return _failed(options, str(error), error.code)
    except UnicodeEncodeError:
        return _failed(options, "There is nothing of that name: it holds bytes that are no text.", "failed")
    except BrokenPipeError:
        # Whoever read our output (head, say) has enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _failed(options, f"{error.strerror or error}: {error.filename or ''}", "failed")
    except KeyboardInterrupt:
        return _failed(options, "stopped", "cancelled")


def _failed(options: argparse.Namespace, message: str, code: str) -> int:
    print(f"imclust: {message}", file=sys.stderr)
    if getattr(options, "json", False):
        print_json({"error": message, "reason": code})
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="imclust", description="From a folder of unlabelled images to named clusters."
    )
    parser.add_argument("--version", action="version", version=f"imclust {VERSION}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    def common(sub: argparse.ArgumentParser, *, with_json: bool = True) -> None:
        sub.add_argument("--workspace", metavar="W", help="workspace folder (default: IMCLUST_WORKSPACE, or yours)")
        if with_json:
            sub.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    sub = command("sample", sample, "Make about 300 sample photographs, without a download.")
    sub.add_argument("folder", metavar="DIR", help="an empty or new folder")
    sub.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes")
    sub.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    sub = command("scan", scan_folder, "Catalogue a folder: what is there, what is bad and why.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder of images; it is only ever read")
    sub.add_argument("--name", default="", help="name of the collection (default: the folder's)")
    sub.add_argument("--follow-links", action="store_true", help="follow links that stay inside the folder")
    common(sub)

    sub = command("embed", embed_folder, "Let a pretrained network describe every image: features and labels.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder of images; it is scanned first")
    sub.add_argument(
        "--backbone",
        default=AUTO,
        metavar="NAME",
        help=f"a network by name, timm:NAME or checkpoint:PATH (default: {RECOMMENDED}, else {BUNDLED})",
    )
    sub.add_argument("--weights", metavar="PATH", help="a local file of weights for the backbone")
    sub.add_argument("--random-weights", action="store_true", help="untrained weights, for tests and benchmarks")
    sub.add_argument("--preprocess", choices=MODES, default="own", help="the network's own, or straight to 224 x 224")
    sub.add_argument("--device", choices=DEVICES, default=AUTO, help="where to run (default: a GPU where there is one)")
    sub.add_argument("--dtype", choices=DTYPES, default=AUTO, help="default: bf16 where it is measured to be faster")
    common(sub)

    sub = command("tree", grow_tree, "Grow the tree of labels, and suggest how many groups there are.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder that is embedded, or the id of its collection")
    sub.add_argument("--embedding", metavar="NAME", help="a backbone, or an embedding's id (default: the newest)")
    sub.add_argument(
        "--vectors",
        default=DEFAULT_TREE.vectors,
        metavar="WHICH",
        help=f"{', '.join(BUILT_IN)}, gensim:NAME or the path of a file (default: {DEFAULT_TREE.vectors})",
    )
    looked_up = "what of a label is looked up"
    sub.add_argument("--label-text", dest="text", choices=TEXTS, default=DEFAULT_TREE.text, help=looked_up)
    sub.add_argument("--linkage", choices=LINKAGES, default=DEFAULT_TREE.linkage, help="how groups of labels merge")
    sub.add_argument("--metric", choices=METRICS, default=DEFAULT_TREE.metric, help="the distance between vectors")
    sub.add_argument(
        "--min-probability",
        dest="least",
        type=float,
        default=DEFAULT_TREE.least,
        metavar="P",
        help="count labels from this probability on, not only each image's first",
    )
    sub.add_argument("--k", type=_above_zero, metavar="N", help="cut into N groups (default: the suggested number)")
    common(sub)

    sub = command("cluster", cluster_folder, "Sort the images of a folder that is embedded into clusters.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder that is embedded, or the id of its collection")
    sub.add_argument(
        "--k", type=_above_zero, metavar="N", help="how many clusters (default: the K chosen, or suggested)"
    )
    sub.add_argument("--embedding", metavar="NAME", help="a backbone, or an embedding's id (default: the newest)")
    sub.add_argument(
        "--reduce",
        default=DEFAULT_CLUSTERING.reduce,
        metavar="HOW",
        help=f"none, l2, pca:N, pca:N:white or umap:N (default: {DEFAULT_CLUSTERING.reduce})",
    )
    sub.add_argument("--strategy", choices=STRATEGIES, default=DEFAULT_CLUSTERING.strategy, help="how to cluster")
    sub.add_argument("--seed", type=int, default=0, help="the same seed gives the same clusters")
    common(sub)

    sub = command("map", draw, "Lay the images of a folder that is embedded out on a plane.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder that is embedded, or the id of its collection")
    sub.add_argument("--method", choices=METHODS, default="umap", help="how to lay out (default: umap)")
    sub.add_argument("--embedding", metavar="NAME", help="a backbone, or an embedding's id (default: the newest)")
    sub.add_argument("--names", metavar="ID", help="a clustering whose names are held apart on the map; umap only")
    sub.add_argument("--seed", type=int, default=0, help="the same seed gives the same map, if made anew")
    sub.add_argument("--anew", action="store_true", help="also where it is kept, and not from an earlier map")
    sub.add_argument("--out", metavar="CSV", help="write the places of all images to this file, too")
    common(sub)

    sub = command("explain", explain_images, "Show what a network looked at in some images.")
    sub.add_argument("folder", metavar="FOLDER", help="a folder that is embedded, or the id of its collection")
    sub.add_argument("--out", required=True, metavar="DIR", help="a new or empty folder for the pictures")
    sub.add_argument(
        "--images", nargs="+", default=(), metavar="ID", help="ids, or paths in the folder (default: twelve by lot)"
    )
    sub.add_argument("--method", nargs="+", choices=WAYS, default=USUAL, help=f"default: {' '.join(USUAL)}")
    sub.add_argument("--target", default="top1", metavar="T", help="top1 (default), class:N, cluster or contrast")
    sub.add_argument("--clustering", metavar="ID", help="whose clusters are explained (default: the newest)")
    sub.add_argument("--embedding", metavar="NAME", help="a backbone, or an embedding's id (default: the newest)")
    sub.add_argument("--colours", choices=MAPS, default=MAPS[0], help="of heat over the picture (default: heat)")
    sub.add_argument("--opacity", type=float, default=0.5, metavar="P", help="of heat, from 0 to 1 (default: 0.5)")
    sub.add_argument("--grey", action="store_true", help="slopes without their colours")
    common(sub)

    sub = command("compare", compare_two, "Say how two clusterings of one collection differ.")
    sub.add_argument("a", metavar="A", help="the id of a clustering")
    sub.add_argument("b", metavar="B", help="the id of another one")
    common(sub)

    sub = command("evaluate", evaluate_clustering, "Score a clustering against the truth.")
    sub.add_argument("folder", metavar="FOLDER", help="the folder, or the id of its collection")
    sub.add_argument("--clustering", required=True, metavar="ID", help="the id of a clustering")
    sub.add_argument(
        "--truth",
        default=FOLDERS,
        metavar="WHERE",
        help="`folders`, or a CSV file of paths and classes (default: folders)",
    )
    common(sub)

    sub = command("names", list_names, "List the clusters of a clustering with what was said of them.")
    sub.add_argument("folder", metavar="FOLDER", help="the folder, or the id of its collection")
    sub.add_argument("--clustering", metavar="ID", help="the id of a clustering (default: the newest)")
    common(sub)

    sub = command("export", export_clusters, "Write all images of a clustering with their names to a new folder.")
    sub.add_argument("folder", metavar="FOLDER", help="the folder, or the id of its collection")
    sub.add_argument("--clustering", required=True, metavar="ID", help="the id of a clustering")
    sub.add_argument("--format", required=True, choices=FORMATS, help="what to write")
    sub.add_argument("--out", required=True, metavar="DIR", help="a new or empty folder")
    sub.add_argument("--how", choices=HOW, default=HOW[0], help=f"how `folders` get the images (default: {HOW[0]})")
    common(sub)

    sub = command("import", import_names, "Read names of clusters, or of images, from a CSV file.")
    sub.add_argument("folder", metavar="FOLDER", help="the folder, or the id of its collection")
    sub.add_argument("--clustering", required=True, metavar="ID", help="the id of a clustering")
    sub.add_argument("--file", required=True, metavar="CSV", help="columns cluster and name, or path and name")
    sub.add_argument("--author", required=True, metavar="NAME", help="who says so")
    sub.add_argument("--replace", action="store_true", help="overwrite names that somebody has given")
    common(sub)

    common(command("collections", list_collections, "List the collections of the workspace."))

    sub = command("jobs", list_jobs, "List the last jobs; cancel or resume one.")
    sub.add_argument("--cancel", metavar="ID", help="ask this job to stop")
    sub.add_argument("--resume", metavar="ID", help="let a paused, failed or cancelled job go on")
    common(sub)

    sub = command("doctor", doctor, "Look over the workspace for damage, and mend names and edits from their copies.")
    sub.add_argument("--repair", action="store_true", help="mend the labels; without it nothing is changed")
    common(sub)

    sub = command("ui", open_dashboard, "Start the dashboard.")
    sub.add_argument("--port", type=int, help="port (default: 8501, or the next free one)")
    sub.add_argument("--address", default="127.0.0.1", help="address to listen on (default: 127.0.0.1 only)")
    sub.add_argument(
        "--host",
        action="append",
        default=[],
        help="a host name browsers may use for this server; repeat for several",
    )
    sub.add_argument("--base-path", default="", metavar="P", help="serve below this path, like team/images")
    sub.add_argument("--collection", metavar="ID", help="open with this collection; `newest` for the newest")
    sub.add_argument("--open", action="store_true", help="open a browser too, where there is a screen")
    common(sub, with_json=False)

    sub = command("worker", _worker, "Do the workspace's jobs in the foreground.")
    sub.add_argument("--idle", type=float, default=float("inf"), help="end after this many seconds without work")
    common(sub, with_json=False)
    return parser


def _worker(options: argparse.Namespace) -> int:
    work(Workspace.open(options.workspace), idle_seconds=options.idle)
    return 0


def _above_zero(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, not {text!r}")
    return int(text)
