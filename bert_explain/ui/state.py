"""What the reader chose: kept for the visit, and written into the address so that a link reopens what one sees.

The only place that touches `st.session_state` (for choices) and `st.query_params`. Streamlit forgets a widget's value when
the page changes and clears the address on navigation; so each choice has a permanent value here, widgets get a copy
(`bind`), every change is copied back. Values from an address are read once, and checked.

Three rules keep address, browser and choices at one:

- The address is written once a run, at its end: one action is one entry of the browser's history. Nothing is written
  before anything was changed: opening a page leaves no entry behind.
- A run whose callback changed a choice does not read the address: the browser sends the one it had before it heard of the
  last change, and reading it would undo that.
- In a session's first run the browser may hold values already (the server was restarted, a laptop slept): they are newer
  than the address. So widgets get the address's value as their default there, and what they give back is taken over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from bert_explain.ui.params import GLOBAL, RERUN, TEXTS, Choice, Flag, Number, Param, Text, pack, unpack

__all__ = ["Choice", "Flag", "Number", "Param", "Text", "begin", "bind", "get", "notices", "put", "redraw", "reset", "write"]

_STORE = "_bert_explain"


class _Store:
    """One visit's choices."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.incoming: dict[str, str] = {}  # the address as it came, for parameters that a page declares later in its run
        self.written: dict[str, str] | None = None  # the address as we last wrote or read it
        self.fresh = True  # the session's first run: what the browser holds is taken over
        self.acted = False  # a callback changed a choice, and the address does not say so yet
        self.changed = False  # a choice differs from what the address says
        self.place = ""  # the step that is being drawn, where several stand on one page
        self.bound: dict[str, tuple[str, Any]] = {}  # key of a widget of the first run -> its choice, the value it was given
        self.declared: dict[str, Param] = {}  # this page's own parameters
        self.left: dict[str, dict[str, tuple[Param, Any]]] = {}  # what was chosen on each page before it was left
        self.unsaid: dict[str, Any] = {}  # what is too long for an address, which names it and no more
        self.notices: list[str] = []  # not shown yet
        self.told: list[str] = []  # shown since the last change of a choice,
        self.told_at = 0  # which was this version
        self.page = ""
        self.moved = False  # this run is the first one of its page
        self.suggested: dict[str, Any] = {}  # for widgets whose choice the reader has not made yet
        self.rerun = False
        self.version = 0  # counts the changes of choices
        self.runs = 0  # counts the full runs of pages


def _store() -> _Store:
    found = st.session_state.get(_STORE)  # looked up once: a page asks some hundred times
    if found is None:
        found = st.session_state[_STORE] = _Store()
    return found


def begin(page: str, params: Iterable[Param] = (), moved_names: Mapping[str, str] | None = None) -> bool:
    """Start of a full run of a page: take over what the address says, if it is not what we wrote ourselves.

    params : the page's own parameters, those of parts that are not drawn in this run too.
    moved_names : old name -> new name, for parameters that links of an earlier day write otherwise.
    True where the address was read: a link, Back or Forward.
    """
    store, url = _store(), st.query_params.to_dict()
    store.moved, store.rerun = page != store.page, False
    store.place = ""  # what stands before the steps has one key, wherever the last run ended
    store.runs += 1
    if store.moved:  # two pages may use one name: each keeps its own value
        there = {name: param for name, param in store.declared.items() if name in store.values}
        store.left[store.page] = {name: (param, store.values.pop(name)) for name, param in there.items()}
        store.page, store.declared = page, {}
    # Our own writing, or what a link of ours to this page carries: the choices stay. Else a link, Back or Forward.
    ours = store.acted or (store.written is not None and url == (address(page) if store.moved else store.written))
    if not ours:
        store.notices = []
        store.version += 1
        store.incoming = unpack(url, store.notices)
        for old, new in (moved_names or {}).items():
            if old in store.incoming:
                store.incoming[new] = store.incoming.pop(old)
        store.written, store.changed = url, False
        for param in GLOBAL.values():
            store.values[param.name] = _from_address(param)
        held = store.left.pop(page, {})
        held |= {name: (param, store.values.pop(name)) for name, param in store.declared.items() if name in store.values}
        named = {name: one for name, one in held.items() if store.incoming.get(name) == ""}
        store.unsaid = {name: value for name, (param, value) in named.items() if value != param.default and not param.show(value)}
        store.declared = {}
    elif store.moved:
        store.incoming, store.changed = {}, True  # the address of a page link holds less than what is chosen
    for param in params:
        _param(param)
    return not ours


def _from_address(param: Param) -> Any:
    store = _store()
    if param.name not in store.incoming:
        return param.default
    try:
        return param.parse(store.incoming[param.name])
    except ValueError:
        shown = store.incoming[param.name][:40]
        store.changed = True
        store.notices.append(f"The link says {param.name}={shown}, which is not possible here; it was left out.")
        return param.default


def in_address() -> set[str]:
    """The names of the parameters that the address gave when it was last read."""
    return set(_store().incoming)


def told(name: str) -> str | None:
    """What the address said of a parameter when it was last read."""
    return _store().incoming.get(name)


def settle(**values: Any) -> None:
    """What an address means by what it does not say: a choice that is no change, so nothing is written for it."""
    _store().values.update(values)


def _param(which: str | Param) -> Param:
    if isinstance(which, str):
        return GLOBAL[which]
    store = _store()
    if which.name not in store.declared:
        store.declared[which.name] = which
        before = store.left.get(store.page, {})
        if which.name in store.unsaid:
            store.values[which.name] = store.unsaid.pop(which.name)
        elif which.name in store.incoming or which.name not in before:
            store.values[which.name] = _from_address(which)
        else:
            store.values[which.name] = before[which.name][1]
    return which


def get(which: str | Param) -> Any:
    """The value of a choice: a name of `params.GLOBAL`, or a parameter that the page declared itself."""
    param = _param(which)
    return _store().values.get(param.name, param.default)


def put(which: Param | None = None, value: Any = None, /, **changes: Any) -> None:
    """Change choices, `put(layer=3)` or `put(VIEW, "all")`; the address follows at the end of the run. For callbacks."""
    store = _store()
    if which is not None:
        changes[_param(which).name] = value
    store.acted = True
    for name, new in changes.items():
        if store.values.get(name) != new:
            store.values[name] = new
            store.version += 1
            store.changed = True
            store.rerun |= name in RERUN or bool(store.place)  # other steps on the page show it too


def touched() -> None:
    """For callbacks of widgets that no link reopens: what the reader did is newer than the address, which is not read."""
    _store().acted = True


def bind(
    which: str | Param, at: str = "", options: Sequence[Any] | None = None, within: tuple[Any, Any] | None = None
) -> dict[str, Any]:
    """Keyword arguments that tie a widget to a choice: `st.slider("Layer", 1, 6, **bind("layer"))`.

    `at` tells two widgets for the same choice on one page apart. `options` : of a select box or radio buttons, whose
    default is a place among them. `within` : the smallest and the largest value of the widget, which may know less of them
    than an address can ask for.
    """
    param, store = _param(which), _store()
    key = own_key(f"w-{store.page}-{param.name}{at}")
    value = get(which)
    suggested = value == param.default and param.name in store.suggested
    wanted = param.to_widget(store.suggested[param.name] if suggested else value)
    if within is not None:
        wanted = min(max(wanted, within[0]), within[1])
    if store.fresh:
        store.bound[key] = (param.name, wanted)
    return {**seeded(key, wanted, param.initial, options), "on_change": _changed, "args": (param.name, key)}


def draw_at(place: str) -> None:
    """What is drawn from here on belongs to this step: two steps on one page may have the same control. "": one step only."""
    _store().place = place


def own_key(key: str) -> str:
    """A widget's key, told apart from that of the same control in another step of the page."""
    place = _store().place
    return f"{key}@{place}" if place else key


def fresh() -> bool:
    """Whether this is the session's first run: what the browser holds is then newer than the address."""
    return _store().fresh


def seeded(key: str, value: Any, initial: str = "value", options: Sequence[Any] | None = None) -> dict[str, Any]:
    """Keyword arguments that give a widget its key and its value: `st.slider("Layer", 0, 6, **seeded("my-layer", 3))`.

    Through its key only where it differs or the page is new, so that nobody's typing is overwritten; as its default
    otherwise. A browser on a slow line may draw a widget for the first time after the second run: it then hears only what
    that run gives, and would show an empty field, and send it.

    initial : the argument in which the widget takes its first value. options : of a select box, which takes a place among them.
    """
    store = _store()
    if not store.fresh and (store.moved or st.session_state.get(key) != value):
        st.session_state[key] = value
        return {"key": key}
    if options is not None:
        return {"key": key, "index": options.index(value) if value in options else 0}
    return {"key": key, initial: value}


def _changed(name: str, key: str) -> None:
    store = _store()
    param = GLOBAL.get(name) or store.declared[name]
    value = param.from_widget(st.session_state[key])
    put(**{name: store.values.get(name, param.default) if value is None else value})


def version() -> int:
    """A number that is another one after every change of a choice."""
    return _store().version


def runs() -> int:
    """How many full runs of pages there were in this visit; a part that is redrawn by itself is none."""
    return _store().runs


def suggest(**values: Any) -> None:
    """What widgets show for choices that the reader has not made yet."""
    _store().suggested.update(values)


def default(name: str) -> Any:
    """The default of a choice that is the same on every page."""
    return GLOBAL[name].default


def reset(*names: str) -> None:
    """Back to the default, for callbacks: `reset("off", "seg")`."""
    put(**{name: GLOBAL[name].default for name in names})


def _shown(params: Mapping[str, Param], always: Collection[str] = ()) -> dict[str, str]:
    store = _store()
    there = {name: param for name, param in params.items() if name in store.values}
    return _said({n: p.show(store.values[n]) for n, p in there.items() if n in always or store.values[n] != p.default})


def _said(shown: dict[str, str]) -> dict[str, str]:
    """As an address. One that holds a view names the mode too: without it, it would be a link of an earlier day."""
    if shown.keys() - TEXTS:
        shown = {"mode": GLOBAL["mode"].show(get("mode")), **shown}
    return pack(shown)


def write() -> None:
    """Make the address say what is seen: everything that differs from its default."""
    store = _store()
    store.acted = False
    if not store.changed:
        return
    store.changed = False
    store.written = _shown({**GLOBAL, **store.declared})
    store.incoming = dict(store.written)
    if st.query_params.to_dict() != store.written:
        st.query_params.from_dict(store.written)


def end() -> None:
    """End of a full run of a page: what the browser held is taken over, and the address says what is seen."""
    store = _store()
    if store.fresh:
        store.fresh = False
        held = {key: st.session_state[key] for key in store.bound if key in st.session_state}
        newer = [key for key, value in held.items() if value != store.bound[key][1]]
        for key in newer:
            _changed(store.bound[key][0], key)
        if newer:
            st.rerun()  # the page was drawn from the address
    write()
    store.moved = False


def address(page: str = "", **changes: Any) -> dict[str, str]:
    """The parameters of a link to another page: what holds on every page, and what was chosen there before it was left.

    changes : choices that hold on every page and are others there, and are named whatever they are:
    `address("Attention", mode="explore")`.
    """
    store = _store()
    every = {name: (param, store.values[name]) for name, param in GLOBAL.items() if name in store.values}
    every |= {name: (GLOBAL[name], value) for name, value in changes.items()}
    every |= store.left.get(page, {})
    return _said({name: param.show(value) for name, (param, value) in every.items() if value != param.default or name in changes})


def full() -> dict[str, str]:
    """The whole address, the sentences too where they are the ones the app begins with: for a link that is sent away."""
    return _shown({**GLOBAL, **_store().declared}, always=("a", "b", "mode"))


def notices() -> list[str]:
    """Sentences about what a link asked for and could not have. They stand until the reader changes a choice.

    A page runs again by itself too, for instance when a step comes near: a sentence shown in one run only would not be read.
    """
    store = _store()
    if store.told_at != store.version:
        store.told, store.told_at = [], store.version
    store.told += [text for text in store.notices if text not in store.told]
    store.notices = []
    return list(store.told)


def notice(text: str) -> None:
    """Tell the reader something at the top of the page."""
    _store().notices.append(text)


def redraw() -> None:
    """For callbacks in one part whose change other parts of this page show too: the whole page runs again."""
    _store().rerun = True


def take_rerun() -> bool:
    """True once after a change inside a fragment that the whole page depends on (text, masks, interventions)."""
    store = _store()
    wanted, store.rerun = store.rerun, False
    return wanted
