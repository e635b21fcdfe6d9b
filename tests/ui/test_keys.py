"""What is drawn over and over in one run has a key of its own each time: else Streamlit refuses the second as the same."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRAWS = [path for name in ("chapter", "draw*") for path in (ROOT / "bert_explain" / "chapters").rglob(f"{name}.py")]
FILES = sorted([*(ROOT / "bert_explain" / "ui").rglob("*.py"), *DRAWS])
# Elements that Streamlit knows by their key or, without one, by what they hold.
KNOWN_BY_KEY = {
    "button",
    "checkbox",
    "data_editor",
    "dataframe",
    "download_button",
    "file_uploader",
    "form",
    "number_input",
    "pills",
    "plotly_chart",
    "radio",
    "segmented_control",
    "select_slider",
    "selectbox",
    "sheet",
    "slider",
    "text_area",
    "text_input",
    "toggle",
}
OURS = {"masking"}  # a module with a function of such a name
# Drawn in a loop that is left right after: the fragment runs again.
ONCE = {("draw_writing.py", "Stop writing")}


def calls(source: str) -> list[tuple[ast.Call, bool]]:
    """Every call of such an element, and whether a loop can draw it more than once."""
    found: list[tuple[ast.Call, bool]] = []

    def walk(node: ast.AST, looped: bool) -> None:
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KNOWN_BY_KEY
        if named and ast.unparse(node.func.value) not in OURS:
            found.append((node, looped))
        inside = looped or isinstance(node, ast.For | ast.While | ast.ListComp | ast.GeneratorExp)
        for child in ast.iter_child_nodes(node):
            walk(child, inside and not isinstance(child, ast.FunctionDef | ast.Lambda))

    walk(ast.parse(source), False)
    return found


def wrong(name: str, source: str) -> list[str]:
    found = []
    for call, looped in calls(source):
        given = {word.arg: word.value for word in call.keywords}
        label = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
        bound = any(word.arg is None and isinstance(word.value, ast.Call) for word in call.keywords)  # **bind(...) gives one
        if "key" not in given and not bound and call.func.attr != "form":
            found.append(f"{name}:{call.lineno} {call.func.attr} has no key")
        elif looped and isinstance(given.get("key"), ast.Constant) and (name, label) not in ONCE:
            found.append(f"{name}:{call.lineno} {call.func.attr} has the same key each time")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT / "bert_explain").as_posix())
def test_every_element_has_a_key_and_in_a_loop_one_for_each_time(path):
    assert wrong(path.name, path.read_text(encoding="utf-8")) == []


def test_the_rule_sees_what_it_is_to_see():
    assert wrong("x.py", "while True:\n    place.plotly_chart(chart, **CHART)") == ["x.py:2 plotly_chart has no key"]
    assert wrong("x.py", "for i in a:\n    st.button('b', key='b')") == ["x.py:2 button has the same key each time"]
    assert wrong("x.py", "for i in a:\n    st.button('b', key=f'b{i}')\nst.slider('x', **state.bind(K))") == []
