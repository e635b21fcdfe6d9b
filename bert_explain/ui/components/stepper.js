// The steps of a chapter. A press, or an arrow key, names the step it goes to: three quick presses are three steps, though
// the server has answered none of them yet.
const FIELDS = new Set(["INPUT", "TEXTAREA", "SELECT"]);
const TAKES = new Set(["slider", "radio", "radiogroup", "tab", "tablist", "listbox", "option", "grid", "gridcell", "combobox", "menu", "menuitem", "spinbutton", "tree", "textbox"]);
let pending = null;
let focused = null;
let opened = null;
let announced = null;
let live = null; // what the arrow keys act on: the last state that was drawn
let listening = false;
const LINES = 2; // where it would take more, all steps but the current one show their number only
const watched = new ResizeObserver((seen) => requestAnimationFrame(() => seen.forEach((one) => fold(one.target))));

function fold(nav) {
  const list = nav.querySelector("ol"), first = list.firstElementChild, last = nav.querySelector("#every") ?? list;
  if (!first) return;
  nav.classList.remove("folded");
  const folded = last.getBoundingClientRect().bottom - list.getBoundingClientRect().top > (LINES + 0.7) * first.offsetHeight;
  nav.classList.toggle("folded", folded);
  for (const link of list.querySelectorAll("a")) link.title = folded ? link.querySelector("span").textContent : "";
}

function pressed(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || !live || busy(event)) return;
  const to = askedFor(live.steps, live.current, by);
  if (to) {
    event.preventDefault();
    live.go(to);
  }
}

// Whether the element that has the keys needs the arrows for itself: a field, a slider, a list, a grid (a picture too).
function busy(event) {
  return event.composedPath().some((node) => node.nodeType === 1
    && (FIELDS.has(node.tagName) || node.isContentEditable || TAKES.has(node.getAttribute("role"))
      || node.tagName === "CANVAS" || node.tagName === "IFRAME"));
}

function askedFor(steps, current, by) {
  const at = steps.findIndex((step) => step.id === (pending ?? current));
  const to = at < 0 ? undefined : steps[at + by];
  return to?.id;
}

function toQuestion(tries = 40) {
  const heading = document.querySelector("[data-question], [data-step-heading]");
  if (heading && !document.querySelector('[data-stale="true"] [data-question], [data-stale="true"] [data-step-heading]')) heading.focus({ preventScroll: false });
  else if (tries) setTimeout(() => toQuestion(tries - 1), 50);
}

export default function (call) {
  const { data, parentElement, setTriggerValue } = call;
  const [list, button, more] = ["ol", "#deeper", "ul"].map((name) => parentElement.querySelector(name));
  const status = parentElement.querySelector("[role=status]");
  // a step that was asked for on another page is not on its way any more
  const known = [...data.steps, ...data.deeper].map((step) => step.id).concat(data.every ?? []);
  if (pending === data.current || !known.includes(pending)) pending = null;
  const go = (id) => { if (id && id !== data.current) { pending = id; setTriggerValue("go", id); } };
  const href = (id) => `?${[data.address, id === data.first ? "" : `step=${id}`].filter(Boolean).join("&")}`;
  const item = (step, number) => {
    const line = document.createElement("li"), link = document.createElement("a"), name = document.createElement("span");
    if (number) link.append(`${number} `);
    name.textContent = step.name;
    link.append(name);
    if (step.done) {
      const mark = document.createElement("b");
      mark.textContent = " ✓";
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", "answered");
      link.append(mark);
    }
    link.dataset.step = step.id;
    link.href = href(step.id);
    if (step.id === data.current) link.setAttribute("aria-current", "step");
    link.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      go(step.id);
    };
    line.append(link);
    return line;
  };
  const had = parentElement.activeElement?.dataset?.step;
  list.replaceChildren(...data.steps.map((step, i) => item(step, i + 1)));
  const isDeep = data.deeper.some((step) => step.id === data.current);
  const chapter = data.steps.map((step) => step.name).join();
  if (opened === null || opened.of !== chapter) opened = { of: chapter, open: false };
  const open = opened.open || isDeep;
  button.hidden = !data.deeper.length;
  button.textContent = `Go deeper: ${data.deeper.length} more`;
  button.setAttribute("aria-expanded", String(open));
  more.hidden = !open;
  more.replaceChildren(...data.deeper.map((step) => item(step, 0)));
  button.onclick = () => {
    opened.open = more.hidden;
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  };
  let all = parentElement.querySelector("#every");
  if (data.every && !all) {
    all = document.createElement("a");
    all.id = "every";
    button.after(all);
  }
  if (all) {
    all.textContent = "All on one page";
    all.href = href(data.every);
    if (data.current === data.every) all.setAttribute("aria-current", "step"); else all.removeAttribute("aria-current");
    all.onclick = (event) => { event.preventDefault(); go(data.every); };
  }
  const nav = parentElement.querySelector("nav");
  fold(nav);
  watched.observe(nav);
  if (had !== undefined) parentElement.querySelector(`a[data-step="${had}"]`)?.focus();
  if (focused !== null && focused < data.focus) toQuestion(); // a new session counts from 0 again
  focused = data.focus;
  if (announced !== null && announced !== data.say) status.textContent = data.say;
  announced = data.say;

  live = { steps: data.steps, current: data.current, go };
  if (!listening) document.addEventListener("keydown", pressed);
  listening = true;
  return () => {
    document.removeEventListener("keydown", pressed);
    watched.unobserve(nav);
    listening = false;
  };
}
