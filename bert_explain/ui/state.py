"""What the reader chose: kept for the visit, and written into the address so that a link reopens what one sees.

The only place that touches `st.session_state` (for choices) and `st.query_params`. Streamlit forgets a widget's value when
the page changes and clears the address on navigation; so each choice has a permanent value here, widgets get a copy
(`bind`), every change is copied back and written to the address. Values from an address are read once, and checked.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from bert_explain.ui.params import GLOBAL, RERUN, Choice, Flag, Number, Param, Text, pack, unpack

__all__ = ["Choice", "Flag", "Number", "Param", "Text", "begin", "bind", "get", "notices", "put", "redraw", "reset", "write"]

_STORE = "_bert_explain"


class _Store:
    """One visit's choices."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.incoming: dict[str, str] = {}  # the address as it came, for parameters that a page declares later in its run
        self.written: dict[str, str] | None = None  # the address as we last wrote it
        self.declared: dict[str, Param] = {}  # this page's own parameters
        self.left: dict[str, dict[str, Any]] = {}  # what was chosen on each page before it was left
        self.notices: list[str] = []
        self.page = ""
        self.moved = False  # this run is the first one of its page
        self.suggested: dict[str, Any] = {}  # for widgets whose choice the reader has not made yet
        self.rerun = False
        self.version = 0  # counts the changes of choices


def _store() -> _Store:
    if _STORE not in st.session_state:
        st.session_state[_STORE] = _Store()
    return st.session_state[_STORE]


def begin(page: str) -> None:
    """Start of a full run of a page: take over what the address says, if it is not what we wrote ourselves."""
    store, url = _store(), st.query_params.to_dict()
    store.moved, store.rerun = page != store.page, False
    if store.moved:  # two pages may use one name: each keeps its own value
        store.left[store.page] = {name: store.values.pop(name) for name in store.declared if name in store.values}
        store.page, store.declared = page, {}
    if url == store.written or (store.moved and not url and store.written is not None):
        return  # our own writing, or a click on a page link, which clears the address: the choices stay
    store.notices = []
    store.version += 1
    store.incoming = unpack(url, store.notices)
    for param in GLOBAL.values():
        store.values[param.name] = _from_address(param)
    store.left.pop(page, None)
    for name in store.declared:
        store.values.pop(name, None)


def _from_address(param: Param) -> Any:
    store = _store()
    if param.name not in store.incoming:
        return param.default
    try:
        return param.parse(store.incoming[param.name])
    except ValueError:
        shown = store.incoming[param.name][:40]
        store.notices.append(f"The link says {param.name}={shown}, which is not possible here; it was left out.")
        return param.default


def _param(which: str | Param) -> Param:
    if isinstance(which, str):
        return GLOBAL[which]
    store = _store()
    if which.name not in store.declared:
        store.declared[which.name] = which
        before = store.left.get(store.page, {})
        if which.name in store.incoming or which.name not in before:
            store.values[which.name] = _from_address(which)
            store.incoming.pop(which.name, None)
        else:
            store.values[which.name] = before[which.name]
    return which


def get(which: str | Param) -> Any:
    """The value of a choice: a name of `params.GLOBAL`, or a parameter that the page declared itself."""
    param = _param(which)
    return _store().values.get(param.name, param.default)


def put(which: Param | None = None, value: Any = None, /, **changes: Any) -> None:
    """Change choices, `put(layer=3)` or `put(VIEW, "all")`, and rewrite the address. For callbacks."""
    store = _store()
    if which is not None:
        changes[_param(which).name] = value
    for name, new in changes.items():
        if store.values.get(name) != new:
            store.values[name] = new
            store.version += 1
            store.rerun |= name in RERUN
    write()


def bind(which: str | Param, at: str = "") -> dict[str, Any]:
    """Keyword arguments that tie a widget to a choice: `st.slider("Layer", 1, 6, **bind("layer"))`.

    `at` tells two widgets for the same choice on one page apart.
    """
    param, store = _param(which), _store()
    key = f"w-{store.page}-{param.name}{at}"
    value = get(which)
    suggested = value == param.default and param.name in store.suggested
    wanted = param.to_widget(store.suggested[param.name] if suggested else value)
    seed(key, wanted)
    return {"key": key, "on_change": _changed, "args": (param.name, key)}


def seed(key: str, value: Any) -> None:
    """Give a widget its value; only where it differs or the page is new, so that nobody's typing is overwritten."""
    if _store().moved or st.session_state.get(key) != value:
        st.session_state[key] = value


def _changed(name: str, key: str) -> None:
    store = _store()
    param = GLOBAL.get(name) or store.declared[name]
    value = param.from_widget(st.session_state[key])
    put(**{name: store.values.get(name, param.default) if value is None else value})


def version() -> int:
    """A number that is another one after every change of a choice."""
    return _store().version


def suggest(**values: Any) -> None:
    """What widgets show for choices that the reader has not made yet."""
    _store().suggested.update(values)


def default(name: str) -> Any:
    """The default of a choice that is the same on every page."""
    return GLOBAL[name].default


def reset(*names: str) -> None:
    """Back to the default, for callbacks: `reset("off", "seg")`."""
    put(**{name: GLOBAL[name].default for name in names})


def write() -> None:
    """Make the address say what is seen: everything that differs from its default, and always the two sentences."""
    store = _store()
    params = {**GLOBAL, **store.declared}
    shown = {
        name: param.show(store.values[name])
        for name, param in params.items()
        if name in store.values and (name in ("a", "b") or store.values[name] != param.default)
    }
    store.written = pack(shown)
    if st.query_params.to_dict() != store.written:
        st.query_params.from_dict(store.written)


def end() -> None:
    """End of a full run of a page: the address says what is seen."""
    write()
    _store().moved = False


def address() -> dict[str, str]:
    """The address's parameters that hold on every page, for links to other pages."""
    store = _store()
    keep = {n: p.show(store.values[n]) for n, p in GLOBAL.items() if n in ("a", "b") or store.values[n] != p.default}
    return pack(keep)


def notices() -> list[str]:
    """Sentences about what a link asked for and could not have. Cleared when shown once."""
    store = _store()
    found, store.notices = store.notices, []
    return found


def notice(text: str) -> None:
    """Tell the reader something at the top of the page, once."""
    _store().notices.append(text)


def redraw() -> None:
    """For callbacks in one part whose change other parts of this page show too: the whole page runs again."""
    _store().rerun = True


def take_rerun() -> bool:
    """True once after a change inside a fragment that the whole page depends on (text, masks, interventions)."""
    store = _store()
    wanted, store.rerun = store.rerun, False
    return wanted
