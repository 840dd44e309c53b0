"""The networks to choose from: a card for each, with what it costs here, and a button that starts it."""

from dataclasses import replace

import streamlit as st

from imclust_core.backbones.preprocessing import MODES
from imclust_core.backbones.registry import (
    BACKBONES,
    FEATURED,
    RECOMMENDED,
    BackboneSpec,
    default_backbone,
    weights_path,
)
from imclust_core.jobs.progress import duration
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.requests import AUTO, DTYPES, EmbedRequest
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_embed, submit_probe
from imclust_core.store.collections import Collection
from imclust_core.store.speeds import decode_key, forward_key, read_speeds, seconds_for
from imclust_core.store.workspace import Workspace
from pages.parts.kit.text import plain, plural
from pages.parts.kit.trouble import show_trouble, trouble_kept
from pages.parts.session.embedding import use_embedding

_ERROR = "embed_error"
_PREPROCESS = "preprocess"
_OTHER = "another name"


def choose_backbone(workspace: Workspace, source: Collection, images: int) -> None:
    """Cards of the networks most people want, and a form for every other."""
    _probe_the_ready(workspace, source)
    show_trouble(_ERROR)
    default = default_backbone()
    if default.name != RECOMMENDED:
        best = BACKBONES[RECOMMENDED]
        st.caption(
            f"{best.title} is recommended; its weights ({best.megabytes:,.0f} MB) are not on this machine and would be "
            f"downloaded first. {default.title} runs right now."
        )
    for column, name in zip(st.columns(len(FEATURED)), FEATURED, strict=True):
        with column.container(border=True, height="stretch", vertical_alignment="distribute"):
            _card(workspace, source, BACKBONES[name], images, primary=name == default.name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        _options(workspace, source, images)


def _options(workspace: Workspace, source: Collection, images: int) -> None:
    st.segmented_control(
        "Preprocessing",
        MODES,
        default=MODES[0],
        required=True,
        format_func=lambda mode: "The network's own" if mode == "own" else "Squash to 224 × 224",
        key=_PREPROCESS,
        help="The network's own cuts the middle square. Squash keeps the borders, and bends shapes.",
    )
    with st.popover("Other networks, own weights, options", icon=":material/tune:", width="content"):
        _form(workspace, source, images)
    speeds = read_speeds(workspace)
    unknown = [name for name in FEATURED if forward_key(name, "own", AUTO) not in speeds]
    if unknown:
        label = f"Measure {plural(len(unknown), 'network')} here"
        st.button(label, icon=":material/speed:", type="tertiary", on_click=_probe, args=(workspace, source, unknown))


def _card(workspace: Workspace, source: Collection, spec: BackboneSpec, images: int, *, primary: bool) -> None:
    with st.container():
        st.markdown(f"**{plain(spec.title)}**")
        with st.container(horizontal=True, gap="small"):
            if weights_path(spec) is not None:
                st.badge("ready, offline", icon=":material/check:", color="green")
            else:
                st.badge(f"download of {spec.megabytes:,.0f} MB", icon=":material/download:", color="gray")
            if spec.name == RECOMMENDED:
                st.badge("recommended", icon=":material/star:", color="blue")
        accuracy = f" · {spec.top1:.1f} % on ImageNet" if spec.top1 else ""
        st.caption(f"{spec.dim:,} dimensions{accuracy} · {plain(spec.licence)}")
        st.caption(_time_text(workspace, source, spec, images))
        if spec.note:
            st.caption(spec.note)
    st.button(
        f"Embed {plural(images, 'image')}",
        key=f"embed-{spec.name}",
        type="primary" if primary else "secondary",
        on_click=_start,
        args=(workspace, source, EmbedRequest(spec.name)),
    )


def _time_text(workspace: Workspace, source: Collection, spec: BackboneSpec, images: int) -> str:
    speeds = read_speeds(workspace)
    network = speeds.get(forward_key(spec.name, "own", AUTO), {})
    decode = speeds.get(decode_key(source.id), {})
    seconds = seconds_for(
        images, network.get("images_per_s"), decode.get("images_per_s"), shared=bool(network.get("shared", True))
    )
    if seconds is None:
        return "speed here not measured yet"
    return f"about {duration(seconds)} here, {images / seconds:,.0f} images/s"


def _probe_the_ready(workspace: Workspace, source: Collection) -> None:
    """Measure, once, what can be measured in a few seconds; the others are measured when somebody asks."""
    speeds, queue = read_speeds(workspace), Queue(workspace)
    ready = [name for name in FEATURED if weights_path(BACKBONES[name]) is not None]
    missing = [name for name in ready if forward_key(name, "own", AUTO) not in speeds]
    last = queue.last(source.id, ("probe", "embed"))
    if (missing or decode_key(source.id) not in speeds) and last is None:
        submit_probe(workspace, source, missing)
        ensure_worker(workspace)


def _form(workspace: Workspace, source: Collection, images: int) -> None:
    names = [*BACKBONES, _OTHER]
    left, right = st.columns(2, gap="large")
    with left:
        name = st.selectbox("Network", names, format_func=lambda one: BACKBONES[one].title if one in BACKBONES else one)
        if name == _OTHER:
            name = st.text_input("Its name", placeholder="timm:NAME, or checkpoint:/full/path/to/file")
        elif name:
            spec = BACKBONES[name]
            st.caption(
                f"{spec.dim:,} dimensions, {spec.megabytes:,.0f} MB, {_time_text(workspace, source, spec, images)}"
            )
        weights = st.text_input("A file of weights for it", placeholder="/full/path/to/weights.safetensors")
    with right:
        dtype = st.segmented_control(
            "Numbers", DTYPES, default=AUTO, required=True, help="auto takes bf16 where it is faster here."
        )
        random = st.toggle("Random weights", help="Untrained: for tests and benchmarks. Marked wherever it shows.")
    request = EmbedRequest(name or "", weights or None, random, dtype=dtype or AUTO)
    with st.container(horizontal=True):
        st.button("Embed with these", on_click=_start, args=(workspace, source, request))
        st.button("Measure this network", on_click=_probe, args=(workspace, source, [name or ""]))


def _start(workspace: Workspace, source: Collection, request: EmbedRequest) -> None:
    queue = Queue(workspace)
    with trouble_kept(_ERROR):
        submit_embed(workspace, source, replace(request, preprocess=st.session_state.get(_PREPROCESS) or MODES[0]))
        for job in queue.open_jobs(source.id):
            if job.kind == "probe":  # it would only keep the embedding waiting
                queue.cancel(job.id)
        use_embedding(None)
        ensure_worker(workspace)


def _probe(workspace: Workspace, source: Collection, names: list[str]) -> None:
    if all(name in BACKBONES for name in names):
        submit_probe(workspace, source, names)
        ensure_worker(workspace)
    else:
        st.session_state[_ERROR] = (
            "Only networks of the list can be measured beforehand. Others show their speed as they run."
        )
