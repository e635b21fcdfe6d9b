// What every component shares; it stands in front of each component's own file, in one module.
// A component is `export default component((me) => ({ update(data), draw() }))`: `update` takes new data and draws,
// `draw` draws again after the theme, the size or the fonts have changed. Text is set through textContent only.

const states = new WeakMap(); // shadow root -> what a component keeps between Streamlit's calls

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
    return () => {
      if (me.call === call) me.stop();
    };
  };
}

function start(root, build) {
  const probe = h("span", { class: "hidden", "aria-hidden": "true" });
  const body = h("div", { class: "be" }, probe);
  root.append(body);
  const me = { root, body, colours: {}, data: undefined };
  me.pick = (...place) => {
    if (me.data.pick) me.call.setTriggerValue("pick", place);
  };
  // css pixels; measured once before a drawing, since asking in the middle of one makes the browser lay out the page
  let width = 0;
  me.width = () => width;
  // a role's colour as [r, g, b], for canvases
  me.colour = (role) => (me.colours[role] ??= rgb(probe, `var(--be-${role.replaceAll("_", "-")})`));
  // fonts for letters painted on a canvas: they keep the font they were painted in, so they are painted again when it has come
  let painted = false;
  const font = (size, weight, family) => {
    painted = true;
    return `${weight} ${size}px ${family}`;
  };
  me.mono = (size, weight = 400) => font(size, weight, getComputedStyle(body).getPropertyValue("--st-code-font") || "monospace");
  me.sans = (size, weight = 400) => font(size, weight, getComputedStyle(body).fontFamily);
  const view = build(me);
  let raw,
    looks,
    turn = 0;
  const measure = () => Math.floor(body.clientWidth);
  const draw = () => {
    const paper = document.documentElement.classList.contains("printing"); // on paper the colours are the light ones
    if (paper !== me.paper) {
      me.paper = paper;
      me.colours = {};
    }
    width = measure();
    if (me.data && width > 0) view.draw();
  };
  me.receive = async (data) => {
    if (!body.isConnected) return; // an element that is gone has no colours and no width
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
    if (mine !== turn || !body.isConnected) return; // newer data came while this was unpacked, or the element went
    me.data = ready;
    width = measure();
    view.update(ready);
    if (width > 0) view.draw();
  };
  const sizes = new ResizeObserver(() =>
    requestAnimationFrame(() => {
      if (measure() !== width) draw();
    }),
  );
  sizes.observe(body);
  const sharper = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  sharper.addEventListener("change", draw);
  const repaint = () => painted && draw();
  document.fonts.addEventListener("loadingdone", repaint);
  me.stop = () => {
    turn += 1;
    sizes.disconnect();
    sharper.removeEventListener("change", draw);
    document.fonts.removeEventListener("loadingdone", repaint);
    view.stop?.();
    body.remove();
    states.delete(root);
  };
  return me;
}

function rgb(probe, colour) {
  probe.style.color = colour;
  return getComputedStyle(probe)
    .color.match(/[\d.]+/g)
    .slice(0, 3)
    .map(Number);
}

function same(a, b) {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// Length of a JSON header (uint32), the header, deflated bytes -> the header with the bytes as `values`. Where the length is 0,
// the header is deflated too, and numbers of `width` bytes come as all their first bytes, then all their second ones.
async function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const deflated = new Blob([bytes.subarray(4 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const plain = new Uint8Array(await new Response(deflated).arrayBuffer());
  const parsed = (from, to) => JSON.parse(new TextDecoder().decode(from.subarray(4, 4 + to)));
  if (length) return { ...parsed(bytes, length), values: plain };
  const size = new DataView(plain.buffer).getUint32(0, true);
  const header = parsed(plain, size);
  if (!header.width) return header;
  const planes = plain.subarray(4 + size),
    count = planes.length / header.width;
  return { ...header, values: planes.map((_, i) => planes[(i % header.width) * count + Math.floor(i / header.width)]) };
}

const bytesOf = (sent) => (sent instanceof Uint8Array ? sent : Uint8Array.from(atob(sent), (c) => c.charCodeAt(0))).buffer;
const floats = (text) => new Float32Array(bytesOf(text));
const whole = (text) => new Uint16Array(bytesOf(text));
// Rows of `count` numbers that came as whole numbers of a step, one step a row; the least one stands for no number.
const stepped = (text, steps, count) =>
  Float64Array.from(new Int16Array(bytesOf(text)), (n, i) => (n === -32768 ? NaN : n * steps[Math.floor(i / count)]));

const ROLES = { s: "special", m: "masked", a: "segment-a", b: "segment-b", n: "ink" };
const cssColour = (role) => `var(--be-${role})`;
// A label may hold characters that do not show: control characters get their pictures, a text of nothing else its code.
const visible = (text) => {
  const code = text.codePointAt(0);
  if (/^\s*$/.test(text)) return "␣";
  if (/^[\s\p{Cf}]+$/u.test(text)) return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return text
    .toWellFormed()
    .replace(/[\x00-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, "␡");
};
const short = (text, most) => ([...text].length > most ? [...text].slice(0, most - 1).join("") + "…" : text);
const piece = (text) => h("b", { class: "piece", dir: "auto" }, visible(text));
const number = (text) => h("span", { class: "number" }, text);
// a written number, with the minus sign that the text around it has
const minus = (written) => written.replace("-", "\u2212");

// "{row} looks at {column}" and { row: node, ... } -> nodes
const fill = (template, values) =>
  template
    .split(/\{(\w+)\}/)
    .map((part, i) => (i % 2 ? (values[part] ?? `{${part}}`) : part))
    .filter((part) => part !== "");

// Black or white, whichever reads better on a mix of `over` (a share `alpha` of it) and `under`: at least 4.5 to 1.
function readable(over, under, alpha) {
  const light = over
    .map((c, i) => (alpha * c + (1 - alpha) * under[i]) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000" : "#fff";
}

const ramp = (from, to, colours) =>
  h(
    "span",
    { class: "ramp" },
    from,
    h("i", { style: `background: linear-gradient(to right, ${colours.join(", ")})` }),
    to,
  );
