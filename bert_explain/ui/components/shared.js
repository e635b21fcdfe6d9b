// What every component shares; it stands in front of each component's own file, in one module.
// A component is `export default component((me) => ({ update(data), draw() }))`: `update` takes new data and draws,
// `draw` draws again after the theme, the size or the fonts have changed. Text is set through textContent only.

const states = new WeakMap();  // shadow root -> what a component keeps between Streamlit's calls

// An element with attributes, `on...` listeners and children (text, nodes, or nothing).
function h(tag, attributes = {}, ...children) {
  const svg = tag.startsWith("svg:");
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node[name] = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

// Streamlit calls the default export again when the data or the theme changed; and the function it gave back when the
// element goes, but also when a newer call overtook it: only the newest one may clean up.
function component(build) {
  return (call) => {
    const root = call.parentElement;
    if (!states.has(root)) states.set(root, start(root, build));
    const me = states.get(root);
    me.call = call;
    me.receive(call.data);
    return () => { if (me.call === call) me.stop(); };
  };
}

function start(root, build) {
  const probe = h("span", { class: "hidden", "aria-hidden": "true" });
  const body = h("div", { class: "be" }, probe);
  root.append(body);
  const me = { root, body, colours: {}, data: undefined };
  me.pick = (...place) => { if (me.data.pick) me.call.setTriggerValue("pick", place); };
  me.width = () => Math.floor(body.clientWidth);
  // a role's colour as [r, g, b], for canvases
  me.colour = (role) => me.colours[role] ??= rgb(probe, `var(--be-${role.replaceAll("_", "-")})`);
  me.mono = (size, weight = 400) => `${weight} ${size}px ${getComputedStyle(body).getPropertyValue("--st-code-font") || "monospace"}`;
  const view = build(me);
  let raw, looks, width = 0, turn = 0;
  const draw = () => { if (me.data && me.width() > 0) { width = me.width(); view.draw(); } };
  me.receive = async (data) => {
    // Streamlit's theme decides, not the system's: light-dark() follows the host's color-scheme
    const [r, g, b] = rgb(probe, "var(--st-background-color)");
    root.host.style.colorScheme = 0.3 * r + 0.6 * g + 0.1 * b < 128 ? "dark" : "light";
    me.colours = {};
    const now = ["card", "ink", "attention"].map(me.colour).join();
    const fresh = !same(raw, data);
    if (!fresh && now === looks) return;
    looks = now;
    if (!fresh) return draw();
    raw = data;
    const mine = ++turn;
    const ready = data instanceof Uint8Array ? await unpack(data) : data;
    if (mine !== turn) return;
    me.data = ready;
    width = me.width();
    view.update(ready);
    draw();
  };
  const sizes = new ResizeObserver(() => requestAnimationFrame(() => { if (me.width() !== width) draw(); }));
  sizes.observe(body);
  const sharper = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  sharper.addEventListener("change", draw);
  document.fonts.addEventListener("loadingdone", draw);
  me.stop = () => {
    sizes.disconnect();
    sharper.removeEventListener("change", draw);
    document.fonts.removeEventListener("loadingdone", draw);
    view.stop?.();
    body.remove();
    states.delete(root);
  };
  return me;
}

function rgb(probe, colour) {
  probe.style.color = colour;
  return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function same(a, b) {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// Length of a JSON header (uint32), the header, deflated bytes -> the header with the bytes as `values`.
async function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const plain = new Blob([bytes.subarray(4 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
  header.values = new Uint8Array(await new Response(plain).arrayBuffer());
  return header;
}

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const floats = (text) => new Float32Array(bytesOf(text));
const whole = (text) => new Uint16Array(bytesOf(text));

const ROLES = { s: "special", m: "masked", a: "segment-a", b: "segment-b", n: "ink" };
const cssColour = (role) => `var(--be-${role})`;
// A label may hold characters that do not show: control characters get their pictures, a text of nothing else its code.
const visible = (text) => {
  const code = text.codePointAt(0);
  if (/^\s*$/.test(text)) return "␣";
  if (/^[\s\p{Cf}]+$/u.test(text)) return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return text.toWellFormed().replace(/[\x00-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0))).replace(/\x7f/g, "␡");
};
const short = (text, most) => ([...text].length > most ? [...text].slice(0, most - 1).join("") + "…" : text);
const piece = (text) => h("b", { class: "piece", dir: "auto" }, visible(text));
const number = (text) => h("span", { class: "number" }, text);

// "{row} looks at {column}" and { row: node, ... } -> nodes
const fill = (template, values) =>
  template.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? values[part] ?? `{${part}}` : part)).filter((part) => part !== "");

// Black or white, whichever reads better on a mix of `over` (a share `alpha` of it) and `under`: at least 4.5 to 1.
function readable(over, under, alpha) {
  const light = over.map((c, i) => (alpha * c + (1 - alpha) * under[i]) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000" : "#fff";
}

const ramp = (from, to, colours) =>
  h("span", { class: "ramp" }, number(from), h("i", { style: `background: linear-gradient(to right, ${colours.join(", ")})` }), number(to));

// Reading a drawn picture cell by cell, by pointer and keyboard. `view` gives
//   size() -> [rows, columns], box(place) -> [x, y, width, height], find(x, y) -> place or null,
//   read(place) -> nodes for the tip, idle() -> nodes when nothing is pointed at, home() -> place, picks(place) -> indices;
// a place is [row, column, ...whatever find adds]. The picture is an ARIA grid of which only the current cell is there.
function reader(me, stage, view) {
  const tip = h("div", { class: "tip quiet", role: "status", "aria-live": "polite" });
  const cell = h("div", { class: "cell", role: "gridcell", tabindex: "0" });
  const row = h("div", { role: "row" }, cell);
  stage.append(row);
  stage.setAttribute("role", "grid");
  let at = null, focused = false, pointed = null;
  const show = (place) => {
    const nodes = place ? view.read(place) : view.idle();
    tip.classList.toggle("quiet", !place);
    tip.replaceChildren(...nodes);
    cell.classList.toggle("on", pointed !== null);
    const [x, y, width, height] = view.box(place ?? at);
    Object.assign(cell.style, { transform: `translate(${x}px, ${y}px)`, width: `${width}px`, height: `${height}px` });
    const [i, j] = place ?? at;
    row.setAttribute("aria-rowindex", i + 1);
    cell.setAttribute("aria-colindex", j + 1);
    cell.setAttribute("aria-label", view.read(place ?? at).map((node) => node.textContent ?? node).join(""));
  };
  const refresh = () => show(pointed ?? (focused ? at : null));
  const point = (event) => {
    const corner = stage.getBoundingClientRect();
    const found = view.find(event.clientX - corner.left, event.clientY - corner.top);
    if (String(found) === String(pointed)) return;
    pointed = found;
    refresh();
  };
  stage.onpointermove = point;
  stage.onpointerdown = point;
  stage.onpointerleave = () => { pointed = null; refresh(); };
  stage.onclick = (event) => {
    point(event);
    if (!pointed) return;
    at = pointed.slice(0, 2);
    cell.focus({ preventScroll: true });
    me.pick(...view.picks(pointed));
  };
  cell.onfocus = () => { focused = true; refresh(); };
  cell.onblur = () => { focused = false; refresh(); };
  cell.onkeydown = (event) => {
    const [rows, columns] = view.size();
    let [i, j] = at;
    if (event.altKey || event.metaKey) return;
    const far = event.ctrlKey;
    switch (event.key) {
      case "ArrowLeft": j -= 1; break;
      case "ArrowRight": j += 1; break;
      case "ArrowUp": i -= 1; break;
      case "ArrowDown": i += 1; break;
      case "PageUp": rows > 1 ? (i -= 8) : (j -= 16); break;
      case "PageDown": rows > 1 ? (i += 8) : (j += 16); break;
      case "Home": j = 0; if (far) i = 0; break;
      case "End": j = columns - 1; if (far) i = rows - 1; break;
      case "Enter": case " ": event.preventDefault(); me.pick(...view.picks(at)); return;
      default: return;
    }
    event.preventDefault();
    pointed = null;
    at = [Math.min(rows - 1, Math.max(0, i)), Math.min(columns - 1, Math.max(0, j))];
    refresh();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  return {
    tip,
    // after new data or a new layout: the cell stays where it was when it still exists
    reset(label) {
      const [rows, columns] = view.size();
      stage.hidden = !(rows && columns);
      if (stage.hidden) return tip.replaceChildren("There is nothing to show here.");
      if (!at || at[0] >= rows || at[1] >= columns || !focused) at = view.home();
      pointed = null;
      stage.setAttribute("aria-label", label);
      stage.setAttribute("aria-rowcount", rows);
      stage.setAttribute("aria-colcount", columns);
      stage.classList.toggle("pickable", Boolean(me.data.pick));
      refresh();
    },
    refresh,
  };
}

// A list of rows or chips: a listbox with one tab stop when its items can be picked, a plain list when not.
function roving(me, list, items = ":scope > *") {
  const all = () => [...list.querySelectorAll(items)];
  let at = 0;
  const move = (nodes, to) => {
    nodes[at]?.setAttribute("tabindex", "-1");
    at = Math.min(nodes.length - 1, Math.max(0, to));
    nodes[at].setAttribute("tabindex", "0");
  };
  list.onclick = (event) => {
    const nodes = all(), i = nodes.findIndex((node) => node.contains(event.target));
    if (i < 0 || !me.data.pick) return;
    move(nodes, i);
    nodes[i].focus({ preventScroll: true });
    me.pick(i);
  };
  list.onkeydown = (event) => {
    if (!me.data.pick || event.altKey || event.metaKey) return;
    const nodes = all(), to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") me.pick(at);
    else if (to === undefined) return;
    else { move(nodes, to); nodes[at].focus(); }
    event.preventDefault();
  };
  return {
    roles(label, pick, chosen = new Set()) {
      const nodes = all();
      list.setAttribute("aria-label", label);
      list.setAttribute("role", pick ? "listbox" : "list");
      if (chosen.size > 1) list.setAttribute("aria-multiselectable", "true"); else list.removeAttribute("aria-multiselectable");
      const focused = nodes.includes(me.root.activeElement);
      if (!focused) at = Math.min(Math.max(0, nodes.length - 1), chosen.size ? Math.min(...chosen) : at);
      nodes.forEach((node, i) => {
        node.setAttribute("role", pick ? "option" : "listitem");
        if (pick) { node.setAttribute("aria-selected", chosen.has(i)); node.setAttribute("tabindex", i === at ? "0" : "-1"); }
        else { node.removeAttribute("aria-selected"); node.removeAttribute("tabindex"); }
      });
    },
  };
}
