"""Hostile inputs by the thousand, each made from a seed: texts, links, files, messages of the protocol."""

from __future__ import annotations

import gzip
import json
import random
import struct
from urllib.parse import quote

from streamlit.proto.BackMsg_pb2 import BackMsg

from bert_explain.ui import params
from bert_explain.ui.stages import STAGES

# Everything that would be made into an element, a link, a formula or an image carries this, so that it is found again.
MARK = "zzq"
ATOMS = (
    f"<script>window.ran='{MARK}'</script>",
    f"<img src=x onerror=window.ran='{MARK}'>",
    f"<{MARK}>",
    f"<svg onload=window.ran='{MARK}'></svg>",
    f"<iframe srcdoc='<script>parent.ran=1</script>' name={MARK}></iframe>",
    f"<style>*{{display:none}}</style><{MARK}>",
    f"<a href='javascript:window.ran=1'>{MARK}</a>",
    f"</script><script>window.ran='{MARK}'</script>",
    f"]]><{MARK}>",
    f"<!--{MARK}",
    f'"><{MARK} x="',
    f"'><{MARK}",
    f"[{MARK}](https://evil.example/{MARK})",
    f"![{MARK}](https://evil.example/{MARK}.png)",
    f"<https://evil.example/{MARK}>",
    f"https://evil.example/{MARK}",
    f"${MARK}$",
    f"$${MARK}$$",
    f":material/{MARK}:",
    ":smile:",
    f":red[{MARK}]",
    f"`{MARK}`",
    f"**{MARK}**",
    f"# {MARK}",
    f"| {MARK} | b |\n|---|---|\n| c | d |",
    f"- {MARK}",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "{{7*7}}",
    "${7*7}",
    "%s%n%d",
    "{0.__class__}",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "\u2028",
    "\ufeff",
    "\ud7ff\ue000",
    "e" + "\u0301" * 60,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "שלום",
    "你好",
    "ﷺ",
    "[MASK]",
    "[SEP][SEP]",
    "[CLS]",
    "[PAD]",
    "##ing",
    "[unused1]",
    "a" * 700,
    "the " * 300,
    "bank",
    "river",
    "'",
    '"',
    "\\",
    "",
)


def text(rng: random.Random) -> str:
    """A sentence: some of the atoms, sometimes random characters."""
    if rng.random() < 0.15:
        return "".join(chr(c) for c in (rng.randrange(0x110000) for _ in range(rng.randrange(60))) if not 0xD800 <= c < 0xE000)
    return rng.choice((" ", "", "\n")).join(rng.choice(ATOMS) for _ in range(rng.randrange(1, 6)))


def _value(rng: random.Random) -> str:
    number = rng.choice((0, 1, 2, 3, 5, 15, 30521, 30522, 10**9, -1, 10**30))
    return rng.choice(
        (
            str(number),
            f"{number}.{rng.randrange(40)}",
            ",".join(f"{rng.randrange(20)}.{rng.randrange(40000)}" for _ in range(rng.randrange(5))),
            "all",
            "nan",
            "1e999",
            "٣",
            "",
            "0x10",
            text(rng),
            json.dumps({"a": [1, {"b": text(rng)}]}),
        )
    )


def page(rng: random.Random) -> str:
    """The address of a page, mostly one that there is."""
    return (
        rng.choice([stage.path for stage in STAGES])
        if rng.random() < 0.95
        else rng.choice(("", "Nowhere", "a/b", "%2e%2e", text(rng)))
    )


def link(rng: random.Random) -> str:
    """The query of an address."""
    names = [*params.GLOBAL, "step", "mode", "bertviz", "word", "pairs", "set", "table", "flow", MARK, "z"]
    if rng.random() < 0.1:
        return "".join(chr(rng.randrange(32, 127)) for _ in range(rng.randrange(120)))
    pairs = [(rng.choice(names), _value(rng)) for _ in range(rng.randrange(1, 7))]
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def settings_file(rng: random.Random) -> bytes:
    """A settings file, right in parts."""
    lines = [
        "[[models]]",
        f"name = {json.dumps(rng.choice(('small', text(rng))))}",
        f"hub = {json.dumps(rng.choice(('a/b', '../x', text(rng))))}",
        f"revision = '{'0' * rng.choice((40, 39))}'",
        f"bytes = {rng.choice(('1', '-1', '1.5', 'true'))}",
        f"downloads = {rng.choice(('true', '1'))}",
        f"{rng.choice(('folder', 'code'))} = {json.dumps(text(rng))}",
    ]
    return _spoiled(rng, "\n".join(rng.sample(lines, rng.randrange(1, len(lines) + 1))).encode("utf-8", "replace"))


def csv_file(rng: random.Random) -> bytes:
    """A list of sentences with labels."""
    between = rng.choice((",", ";", "\t"))
    first = rng.choice(("sentence,label", "sep=;", "SENTENCE;LABEL", "\ufeffsentence,label", "", text(rng)))
    quoted = rng.random() < 0.5
    rows = [
        between.join(
            '"' + one.replace('"', '""') + '"' if quoted else one for one in (text(rng), rng.choice(("a", "b", text(rng))))
        )
        for _ in range(rng.randrange(12))
    ]
    encoding = rng.choice(("utf-8", "utf-8", "utf-16", "latin-1"))
    return _spoiled(rng, "\n".join([first, *rows]).encode(encoding, "replace"))


def vector_file(rng: random.Random) -> tuple[str, bytes]:
    """A file of word vectors: (its ending, its bytes)."""
    words = [text(rng)[:40].encode() if rng.random() < 0.5 else b"w%d" % n for n in range(rng.randrange(6))]
    numbers = rng.randrange(5)
    if rng.random() < 0.4:
        header = b"%d %d\n" % (rng.choice((len(words), 10**12, 0)), rng.choice((numbers, 10**9, 0)))
        body = b"".join(w.replace(b" ", b"_") + b" " + struct.pack(f"<{numbers}f", *[rng.gauss(0, 1)] * numbers) for w in words)
        ending, content = ".bin", header + body
    else:
        row = b" ".join(rng.choice((b"0.1", b"nan", b"1e999", b"x", b"")) for _ in range(numbers))
        ending, content = rng.choice((".txt", ".vec")), b"\n".join(w + b" " + row for w in words)
    content = _spoiled(rng, content)
    return (f"{ending}.gz", gzip.compress(content)) if rng.random() < 0.2 else (ending, content)


def model_folder(rng: random.Random, good: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a model, one or two of them spoiled."""
    files = dict(good)
    for name in rng.sample(sorted(files), rng.randrange(1, 3)):
        spoil = rng.random()
        if spoil < 0.2:
            del files[name]
        elif name.endswith(".json") and spoil < 0.7:
            said = json.loads(files[name])
            key = rng.choice(sorted(said))
            said[key] = rng.choice((None, -1, 0, 10**12, "x", [], {}, True, 1.5, text(rng)))
            files[name] = json.dumps(said).encode()
        else:
            files[name] = _spoiled(rng, files[name], always=True)
    return files


def _spoiled(rng: random.Random, content: bytes, always: bool = False) -> bytes:
    """Cut, doubled, with bytes changed; mostly as it was, unless always."""
    how = rng.random() if not always else rng.random() * 0.5
    at = rng.randrange(len(content) + 1)
    if how < 0.15:
        return content[:at]
    if how < 0.25:
        return content + content
    if how < 0.5:
        changed = bytearray(content)
        for _ in range(rng.randrange(1, 8)):
            if changed:
                changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    return content


def message(rng: random.Random, widgets: list[str]) -> bytes | str:
    """A message to the server: spoiled bytes, or a whole one that says odd things. `widgets`: ids that there are."""
    if rng.random() < 0.1:
        return rng.choice((rng.randbytes(rng.randrange(400)), text(rng), json.dumps({"rerun_script": {}}), b""))
    said = BackMsg()
    kind = rng.random()
    if kind < 0.75:
        rerun = said.rerun_script
        rerun.query_string, rerun.page_name = link(rng), page(rng)
        if rng.random() < 0.3:
            rerun.page_script_hash = rng.choice(("x", "0" * 32, text(rng)))
        if rng.random() < 0.3:
            rerun.fragment_id = rng.choice(("x", "0" * 32, text(rng)))
        for _ in range(rng.randrange(5)):
            state = rerun.widget_states.widgets.add()
            state.id = rng.choice([*widgets, text(rng)]) if widgets else text(rng)
            _fill(rng, state)
    elif kind < 0.8:
        said.clear_cache = True
    elif kind < 0.85:
        said.stop_script = True
    elif kind < 0.9:
        said.debug_shutdown_runtime = True
    elif kind < 0.95:
        said.file_urls_request.request_id = text(rng)
        said.file_urls_request.file_names.append(text(rng))
        said.file_urls_request.session_id = rng.choice(("", "x", "../x"))
    else:
        said.load_git_info = True
    content = said.SerializeToString()
    return _spoiled(rng, content) if rng.random() < 0.3 else content


def _fill(rng: random.Random, state) -> None:
    kind = rng.randrange(9)
    if kind == 0:
        state.trigger_value = True
    elif kind == 1:
        state.bool_value = True
    elif kind == 2:
        state.double_value = rng.choice((float("nan"), float("inf"), -1.0, 1e300))
    elif kind == 3:
        state.int_value = rng.choice((-1, 0, 2**62, 3))
    elif kind == 4:
        state.string_value = text(rng)
    elif kind == 5:
        state.int_array_value.data.extend([rng.choice((-1, 0, 10**9)) for _ in range(3)])
    elif kind == 6:
        state.string_array_value.data.extend([text(rng), "x"])
    elif kind == 7:
        state.json_value = rng.choice(('{"a": 1}', "null", "[", text(rng), '{"go": "x", "rows": [[9999999]]}'))
    else:
        state.bytes_value = rng.randbytes(20)
