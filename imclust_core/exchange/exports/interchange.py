"""Formats of other programs: FiftyOne and Label Studio."""

import html
import json
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from imclust_core.exchange.exports.members import Member, Members
from imclust_core.exchange.exports.writing import text_file
from imclust_core.names import path_of
from imclust_core.store.collections import collection


def write_fiftyone(members: Members, folder: Path, _how: str) -> int:
    """A FiftyOneImageClassificationDataset: `data.json` says where each image lies, `labels.json` what it is."""
    source = collection(members.workspace, members.stored.collection_id)
    groups = sorted({members.called(number) for number in members.desk.sizes})
    at = {group: place for place, group in enumerate(groups)}
    missing = 0
    with text_file(folder / "data.json") as data, text_file(folder / "labels.json") as labels:
        data.write("{")
        labels.write(f'{{"classes": {json.dumps(groups)}, "labels": {{')
        for number, row in enumerate(members):
            missing += not row.usable
            comma = ",\n" if number else "\n"
            data.write(f"{comma}{json.dumps(str(row.image))}: {json.dumps(_location(source.folder, row))}")
            target = {"label": at[row.group], "attributes": row.facts}
            labels.write(f"{comma}{json.dumps(str(row.image))}: {json.dumps(target)}")
        data.write("\n}\n")
        labels.write("\n}}\n")
    return missing


def _location(folder: Path, row: Member) -> str:
    """The absolute path; legible where it is no UTF-8, since one such path would end the import of all."""
    path = path_of(folder, row.path)
    try:
        path.encode()
        return path
    except UnicodeEncodeError:
        return os.path.join(os.fsencode(folder).decode(errors="backslashreplace"), row.shown_path)


def write_labelstudio(members: Members, folder: Path, _how: str) -> int:
    """`tasks.json`, each name as a prediction to be looked over, and `config.xml`, the project's labelling interface.

    Images are named as files of a local storage whose root is the folder above the collection's.
    """
    source = collection(members.workspace, members.stored.collection_id)
    missing = 0
    with text_file(folder / "tasks.json") as tasks:
        tasks.write("[")
        for number, row in enumerate(members):
            missing += not row.usable
            where = os.fsencode(source.folder.name) + b"/" + row.path
            task = {
                "data": {"image": f"/data/local-files/?d={quote(where)}", **row.facts},
                "predictions": [_prediction(members.stored.id, row)] if row.name else [],
            }
            tasks.write((",\n" if number else "\n") + json.dumps(task))
        tasks.write("\n]\n")
    with text_file(folder / "config.xml") as config:
        config.write(_interface(members.names))
    return missing


def _prediction(clustering_id: str, row: Member) -> dict[str, object]:
    result = {
        "id": f"image{row.image}",
        "type": "choices",
        "from_name": "cluster_name",
        "to_name": "image",
        "value": {"choices": [row.name]},
    }
    return {"model_version": f"imclust {clustering_id}", "score": round(row.margin, 4), "result": [result]}


def _interface(names: Iterable[str]) -> str:
    choices = "".join(f'    <Choice value="{html.escape(name)}"/>\n' for name in names)
    return (
        '<View>\n  <Image name="image" value="$image"/>\n'
        f'  <Choices name="cluster_name" toName="image" choice="single">\n{choices}  </Choices>\n</View>\n'
    )
