"""Fine-tuning: one new layer on BERT, trained with it on a task, before one's eyes; then one's own sentences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.fine_tuning import figures, numbers, own_task, questions
from bert_explain.errors import ExplainError
from bert_explain.figures.chart import CHART
from bert_explain.figures.payload import Bar
from bert_explain.kernel import scores, tasks
from bert_explain.kernel.readings import many, share
from bert_explain.kernel.tasks import Task
from bert_explain.kernel.text import markdown
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question
from bert_explain.training import fine_tuning
from bert_explain.training.fine_tuning import Recipe, Tuned
from bert_explain.ui import asking, cache, own, printing, stages, state
from bert_explain.ui.components import bars, matrix
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture
from bert_explain.ui.working import TRAINING, ask, asked, forget, pause, working

OWN = "own"  # the reader's own table, among the tasks
TASK = state.Choice("task", (*tasks.TASKS, OWN), "sentiment")
PART = state.Choice("part", tuple(numbers.PARTS), "all")
COUNT = state.Choice("examples", numbers.COUNTS, "200")
EPOCHS = state.Number("epochs", 1, 20, 5)
RATE = state.Choice("rate", numbers.RATES, "2e-4")
SEED = state.Number("draw", 0, 99)
TRAINED, GPT, HEADS, TAKEN = asked("trained"), asked("gpt"), asked("moved"), asked("taken")
DRAWS = asked("draws")

LEAD = (
    "This is how BERT is put to work: **one new layer**, a task, a few hundred examples. What the model knows of English stays "
    "in it; training on the task moves it a little."
)


# what is trained ----------------------------------------------------------------------------------------------------
def _task() -> Task | None:
    """The chosen data set; None where the reader's own table was not given yet."""
    chosen = state.get(TASK)
    return st.session_state.get("own-task") if chosen == OWN else tasks.load(chosen)


def _recipe(model: str, task: Task) -> Recipe:
    return Recipe(
        model,
        task.name,
        int(state.get(COUNT)),
        state.get(PART),
        state.get(EPOCHS),
        float(state.get(RATE)),
        state.get(SEED),
    )


def _key(page: Page, recipe: Recipe) -> tuple:
    return ("fine-tuning", page.model.spec.fingerprint, recipe.name)


def _tuned(page: Page) -> Tuned | None:
    """What came of the chosen recipe, where it was trained and asked for; nothing is trained."""
    task = _task()
    return None if task is None else fine_tuning.kept(page.model, _recipe(page.model.name, task))


def _choose() -> None:
    left, middle, right = st.columns([3, 3, 3], gap="medium")
    titles = {**{name: title for name, (_, title) in tasks.TASKS.items()}, OWN: "Your own table (CSV)"}
    options = [*tasks.names(), OWN]
    left.selectbox("Task", options, format_func=lambda name: titles[name], **state.bind(TASK, options=options))
    options = list(numbers.PARTS)
    middle.selectbox(
        "What is trained", options, format_func=lambda part: numbers.PARTS[part], **state.bind(PART, options=options)
    )
    right.segmented_control("Examples", numbers.COUNTS, **state.bind(COUNT))
    with st.expander("Epochs, learning rate, seed"):
        one, two, three = st.columns(3, gap="medium")
        one.slider("Epochs: how often each example is shown", 1, 20, **state.bind(EPOCHS))
        two.segmented_control("Learning rate", numbers.RATES, **state.bind(RATE))
        three.number_input("Seed: which examples, in which order", 0, 99, **state.bind(SEED))
    if state.get(TASK) == OWN:
        _own_table()


def _own_table() -> None:
    file = st.file_uploader(
        "A CSV file with the columns text and label (or first, second, label)",
        type=["csv", "tsv", "txt"],
        key="own-table",
        on_change=state.touched,
        help="It stays in this visit: nothing of it is stored on the server or written into the address.",
    )
    if file is None:
        if st.session_state.get("own-task") is not None:
            st.caption("The table given before is kept for this visit.")
        else:
            st.caption("A row is a text and its label. At least 20 rows; a quarter of them is kept for the test.")
        return
    try:
        task, left_out = own_task.from_csv(file.getvalue())
    except own_task.BadTable as error:
        st.session_state.pop("own-task", None)
        tell(str(error), "warning")
        return
    st.session_state["own-task"] = task
    tell(left_out)
    st.caption(f"{len(task.train):,} rows to train on, {len(task.test):,} to test with, {many(len(task.labels), 'label')}.")


# training -----------------------------------------------------------------------------------------------------------
def _train(page: Page) -> None:
    _choose()
    task = _task()
    if task is None:
        return
    st.caption(_about(task))
    recipe = _recipe(page.model.name, task)
    if why := fine_tuning.unfit(page.model, task.kind):
        tell(why)
        return
    beside = _run(page, TRAINED, page.model, task, recipe, f"Train {markdown(page.model.spec.title)}")
    tuned = fine_tuning.kept(page.model, recipe)
    if beside is None or tuned is None:
        return
    decoder = cache.decoder()
    theirs = _recipe(decoder.name, task)
    second = _run(page, GPT, decoder, task, theirs, f"And {decoder.spec.title}, under the same head and seed")
    other = None if second is None else fine_tuning.kept(decoder, theirs)
    trained = [(f"{page.model.spec.title}, fine-tuned", tuned)]
    trained += [] if other is None else [(f"{decoder.spec.title}, fine-tuned", other)]
    table = numbers.compared(task, beside, trained)
    look = numbers.verdict(task, beside, tuned, page.model.spec.title, other, decoder.spec.title)
    code = (fine_tuning.train, fine_tuning.loss_of)
    note = f"{_measured(task)} {numbers.measured_before(task, page.model.spec.fingerprint)}".strip()
    with picture("tuned-score", f"{task.title}: how many are right", look=look, table=lambda: table, code=code, note=note):
        items = [
            Bar(row.who, row.score, "probability", shown=f"{row.score:.2f}", note=f"{row.low:.2f} to {row.high:.2f}")
            for row in table.itertuples()
        ]
        bars(items, key="tuned-bars", label=f"{numbers.measure(task)}, of 1, on the test split")
    course = numbers.course(tuned.losses, tuned.right, tuned.tested)
    look = _learned(course)
    with picture("tuned-course", "How it learned", look=look, table=lambda: course):
        st.plotly_chart(figures.course_chart(course, page.palette), key="course", alt=look.plain(), **CHART)
    _draws(page, task, recipe)


def _draws(page: Page, task: Task, recipe: Recipe) -> None:
    """The same training with other seeds, at a press."""

    def work(progress: Callable[..., None]) -> numbers.Draws:
        return numbers.other_draws(page.model, task, recipe, progress)

    key = ("draws", *_key(page, recipe))
    label = f"Train it with {numbers.SEEDS} seeds"
    draws = working(DRAWS, key, label, work, cost=numbers.SEEDS * numbers.LONG, what=TRAINING)
    if draws is None:
        return
    name = page.model.spec.title
    mean = numbers.draws_mean(task, draws, name)
    look = numbers.draws_look(task, draws, name)
    note = (
        f"{numbers.measure(task).capitalize()}, mean of {len(draws.seeds)} seeds; beside each, where 95 % of other draws of "
        "training examples and of test patterns lie."
    )
    with picture(
        "tuned-draws",
        f"{len(draws.seeds)} seeds",
        look=look,
        table=lambda: numbers.draws_table(draws),
        code=(numbers.other_draws, scores.redrawn),
        note=note,
    ):
        items = [
            Bar(row.who, row.score, "probability", shown=f"{row.score:.2f}", note=f"{row.low:.2f} to {row.high:.2f}")
            for row in mean.itertuples()
        ]
        bars(items, key="draws-bars", label=f"{numbers.measure(task)}, mean over the seeds, of 1")


def _run(page: Page, which: state.Number, model: object, task: Task, recipe: Recipe, label: str) -> numbers.Beside | None:
    """The training of a recipe as a job, with what is reached without BERT; None while it is not there."""
    key = _key(page, recipe)
    watch = fine_tuning.watch_of(recipe)

    def work(progress: Callable[..., None]) -> numbers.Beside:
        progress(0.0, "Reading the examples")
        watch.begin()
        tuned = fine_tuning.made(model, task, recipe, progress, watch)
        return numbers.without_bert(task, fine_tuning.drawn(task, tuned.recipe))

    def meanwhile() -> None:
        if watch.losses:
            pause(watch.paused, which.name, key)
            course = numbers.course(watch.losses, watch.right, watch.tested)
            st.plotly_chart(
                figures.course_chart(course, page.palette), key=f"live-{which.name}", alt=_learned(course).plain(), **CHART
            )

    found = working(which, key, label, work, cost=numbers.LONG, what=TRAINING, primary=which is TRAINED, meanwhile=meanwhile)
    if found is not None and fine_tuning.kept(model, recipe) is None:
        tell("This model was let go for want of memory: other readers had theirs trained since. Train it again.")
        st.button("Train it again", key=f"anew-{which.name}", on_click=_anew, args=(which, key))
        return None
    return found


def _anew(which: state.Number, key: tuple) -> None:
    forget(key)
    ask(which, key)


def _about(task: Task) -> str:
    kinds = {
        "sequence": "one text, one label, read from [CLS]",
        "pair": "two texts, one label, read from [CLS]",
        "token": "a tag for each word, read from its first piece",
        "span": "where in the passage the answer begins and ends; [CLS] stands for “no answer”",
    }
    labels = f" Labels: {', '.join(task.labels)}." if task.labels and task.name in tasks.TASKS else ""
    kind = own.plain(kinds[task.kind])
    return f"{kind[0].upper()}{kind[1:]}. {len(task.train):,} examples to draw from, {len(task.test):,} to test with.{labels}"


def _measured(task: Task) -> str:
    alike = "of other patterns than those it was trained on" if task.name in tasks.TASKS else "that it was not trained on"
    tested = many(len(task.test), "example")
    return f"{numbers.measure(task)}, on {tested} {alike}; beside each, where 95 % of other draws of them lie."


def _learned(course: pd.DataFrame) -> Sentence:
    first, last = course["loss"].iloc[0], course["loss"].tail(5).mean()
    tested = course["test score"].dropna()
    fell = "fell" if last < 0.9 * first else "rose" if last > 1.1 * first else "hardly changed"
    look = say(
        "Look at the line: the loss {fell}, from {first:.2f} to {last:.2f} in {steps}.",
        fell=fell,
        first=first,
        last=last,
        steps=many(len(course), "step"),
    )
    if tested.empty:
        return look
    return say("{look} On the test split {scores}.", look=look, scores=_epochs(tested))


def _epochs(tested: pd.Series) -> Sentence:
    if len(tested) == 1:
        return say("{a:.2f} after the first epoch", a=tested.iloc[0])
    return say("{a:.2f} after the first epoch and {b:.2f} after the last", a=tested.iloc[0], b=tested.iloc[-1])


# own sentences ------------------------------------------------------------------------------------------------------
def _own(page: Page) -> None:
    tuned = _ready(page)
    if tuned is None:
        return
    if tuned.task.kind in ("pair", "span") and not page.query.text_b.strip():
        what = "a question in Sentence A and a passage in Sentence B" if tuned.task.kind == "span" else "two sentences"
        tell(f"This task needs {what}.")
        return
    if not page.query.text_a.strip():
        tell("Type a sentence above.")
        return
    table, look = numbers.own(tuned, page.query.text_a, page.query.text_b)
    with picture("tuned-own", "Your own sentence", look=look, table=lambda: table, code=(fine_tuning.predict,)):
        if tuned.task.kind == "token":
            _tags(table)
        else:
            shown = table.sort_values("probability", ascending=False, kind="stable").head(8)
            items = [Bar(row.label, row.probability, "probability") for row in shown.itertuples()]
            bars(items, key="own-bars", label="What the fine-tuned model gives each answer")


def _tags(table: pd.DataFrame) -> None:
    items = [
        Bar(row.word, row.probability, "true_word" if row.label != "O" else "special", note=row.label, signal=row.label != "O")
        for row in table.itertuples()
    ]
    bars(items, key="own-tags", label="The tag of each word, and its probability")


def _ready(page: Page) -> Tuned | None:
    """The trained model, or a sentence that it has to be trained first."""
    tuned = _tuned(page)
    if tuned is None:
        tell("Nothing was trained with these settings yet: train it in the step “Train it”; it is shown here then.")
    return tuned


def _errors(page: Page) -> None:
    tuned = _ready(page)
    if tuned is None:
        return
    if tuned.task.kind != "span":
        found = numbers.confusion(tuned)
        labels = list(found.columns)
        with picture(
            "tuned-confusion", "What was taken for what", look=numbers.confused(tuned), table=lambda: found.reset_index()
        ):
            counts = found.to_numpy().astype(float)
            shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            matrix(
                shares,
                labels,
                labels,
                key="confusion",
                label="Rows: what is right. Columns: what was said, as a share of the row",
                sentence="Of {row}, a share of {value} was called {column}",
            )
    wrong = numbers.mistakes(tuned)
    title = "What went wrong" if wrong["probability"].isna().all() else "What went wrong, the surest first"
    with picture("tuned-mistakes", title, look=numbers.surest(tuned), table=lambda: wrong):
        shown = wrong.head(12).dropna(axis="columns", how="all")  # tags and answers have no one probability
        config = {"probability": st.column_config.NumberColumn(format="%.2f")}
        printing.sheet(shown, hide_index=True, key="wrong", column_config=config)


def _map(page: Page) -> None:
    tuned = _ready(page)
    if tuned is None:
        return
    if tuned.task.kind not in ("sequence", "pair"):
        tell("This task has more than one label in a text, so there is no one vector to put on a map.")
        return
    with picture(
        "tuned-map",
        "The [CLS] vectors before and after",
        look=numbers.sorted_by_label(tuned),
        table=lambda: numbers.places(tuned),
    ):
        for column, when in zip(st.columns(2, gap="medium"), ("before", "after"), strict=True):
            with column:
                chart, kept = figures.label_map(tuned, when, page.palette)
                st.caption(f"{when.capitalize()}: two directions with {share(kept)} of the variance")
                st.plotly_chart(chart, key=f"map-{when}", alt=f"The test examples {when} the training, by label", **CHART)


def _moved(page: Page) -> None:
    tuned = _ready(page)
    if tuned is None:
        return

    def work(progress: Callable[..., None]) -> np.ndarray:
        return numbers.attention_moved(page.model, tuned, progress)

    moved = working(
        HEADS, ("moved", *_key(page, tuned.recipe)), "Compare the attention of every head", work, cost=2 * numbers.COMPARED
    )
    if moved is None:
        return
    rows = [f"layer {i + 1}" for i in range(moved.shape[0])]
    columns = [f"head {i + 1}" for i in range(moved.shape[1])]
    table = pd.DataFrame(moved, index=rows, columns=columns)
    look = numbers.most_moved(moved)
    with picture(
        "tuned-heads", "Which heads moved", look=look, table=lambda: table.reset_index(), code=(numbers.attention_moved,)
    ):
        matrix(
            moved,
            rows,
            columns,
            key="moved",
            label="The share of a head's attention that lies elsewhere after the training",
            sentence="In {row}, {column}, a share of {value} of the attention lies elsewhere after the training",
        )
    layer, head = np.unravel_index(int(moved.argmax()), moved.shape)
    if not page.query.text_a.strip():
        return
    before, after, tokens = numbers.head_before_after(
        page.model, tuned, page.query.text_a, page.query.text_b, int(layer), int(head)
    )
    with picture("tuned-head", f"Layer {layer + 1}, head {head + 1} on your text", look=numbers.head_look(before, after, tokens)):
        for column, weights, when in zip(st.columns(2, gap="medium"), (before, after), ("before", "after"), strict=True):
            with column:
                st.caption(when.capitalize())
                matrix(weights, tokens, tokens, key=f"head-{when}", label=f"Attention {when} the training, rows look at columns")


def _take(page: Page) -> None:
    tuned = _ready(page)
    if tuned is None:
        return
    name = tuned.recipe.name
    try:
        fine_tuning.in_the_walk(tuned)
    except ExplainError as error:
        tell(str(error))
        return
    st.markdown(
        "The walk's chapters on the fine-tuned model. Its masked-word and next-sentence heads are gone: it has a new layer, "
        "whose numbers stand in Any task model."
    )
    with st.container(horizontal=True, gap="small"):
        for target in ("Attention", "Outputs", "Inside a layer", "Any task model"):
            if st.button(f"{target}, fine-tuned", key=f"walk-{target}"):
                st.switch_page(stages.stage(target).file, query_params=state.address(target, model=name))

    def work(progress: Callable[..., None]) -> bytes:
        progress(0.1, "Writing the folder")
        return fine_tuning.packed(tuned)

    data = working(TAKEN, ("taken", *_key(page, tuned.recipe)), "Make a folder for Hugging Face", work, cost=50)
    if data is not None:
        st.download_button(
            f"Download {name}.zip ({len(data) / 1e6:.0f} MB)",
            data,
            f"{name}.zip",
            "application/zip",
            key="take-zip",
            on_click="ignore",
            icon=":material/download:",
        )
        st.caption("config.json, model.safetensors, the tokenizer and recipe.json; Hugging Face's class gives the same numbers.")


# the questions' pictures --------------------------------------------------------------------------------------------
def _evidence(page: Page, question: Question, which: state.Number) -> pd.DataFrame | None:
    """What decides a question: there already where it was asked; else trained at a press."""
    here = asking.asked_here(page)
    needed = ("all",) if question is questions.MANY else ("all", "head")
    there = all(fine_tuning.kept(page.model, numbers.asked_recipe(page.model, part)) is not None for part in needed)
    if there or asking.wanted(page, question):
        return asking.evidence(page, question, here)  # the training is made once for all texts
    key = ("asked", page.model.spec.fingerprint, question.id)
    label = f"Train it on {numbers.ASKED['examples']} questions"

    def work(progress: Callable[..., None]) -> bool:
        numbers.trained_for_questions(page.model, progress)
        return True

    if working(which, key, label, work, cost=numbers.LONG, what=TRAINING) is None:
        return None
    return asking.evidence(page, question, here)


def _many(page: Page) -> None:
    found = _evidence(page, questions.MANY, MANY_ASKED)
    if found is None:
        return
    facts = found.attrs["facts"]
    table = pd.DataFrame(
        {"who": [f"always “{facts['always']}”", f"after {facts['shown']} examples"], "of 100": [facts["same"], facts["right"]]}
    )
    look = questions.MANY.said("fact", found)
    with picture("many", "Of 100 new questions", look=look, table=lambda: table, code=(fine_tuning.train,)):
        rows = zip(table["who"], table["of 100"], strict=True)
        items = [
            Bar(who, right / 100, "probability", shown=f"{right} of 100", signal=i == 1) for i, (who, right) in enumerate(rows)
        ]
        bars(items, key="many-bars", label="Right answers of 100")


def _part(page: Page) -> None:
    found = _evidence(page, questions.PART, PART_ASKED)
    if found is None:
        return
    facts = found.attrs["facts"]
    table = pd.DataFrame(
        {
            "trained": ["the new layer only", "the whole model"],
            "numbers": [facts["trained"], facts["whole"]],
            "right": [facts["head"], facts["all"]],
        }
    )
    look = questions.PART.said("fact", found)
    with picture("part", "What is trained", look=look, table=lambda: table, code=(fine_tuning.Net.freeze,)):
        items = [
            Bar(row.trained, row.right, "probability", shown=f"{row.right:.2f}", note=f"{row.numbers} numbers")
            for row in table.itertuples()
        ]
        bars(items, key="part-bars", label="Right answers, of 1")


MANY_ASKED, PART_ASKED = asked("many"), asked("both")

CHAPTER = Chapter(
    id="fine_tuning",
    name="Fine-tuning",
    steps=(
        Step("many", "How many examples?", _many, asks=questions.MANY, lead=LEAD, owns=(MANY_ASKED,)),
        Step("part", "What is trained?", _part, asks=questions.PART, owns=(PART_ASKED,)),
        Step("train", "Train it", _train, owns=(TASK, PART, COUNT, EPOCHS, RATE, SEED, TRAINED, GPT, DRAWS)),
    ),
    deeper=(
        Step("own", "Your own sentence", _own, lead="What the model trained in “Train it” says to the text above."),
        Step("errors", "What went wrong", _errors),
        Step("map", "Before and after: the vectors", _map),
        Step("heads", "Before and after: the heads", _moved, owns=(HEADS,)),
        Step("take", "Take it along", _take, owns=(TAKEN,)),
    ),
)
