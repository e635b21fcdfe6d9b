// The strip of BERT's stages, each with a small picture of this very sentence (its numbers come in `data.thumbs`).
const NS = "http://www.w3.org/2000/svg";
const W = 120, H = 46;
const STAGES = []; // {name, path, picture}, in the order of the walk
const EVERYWHERE = []; // parameters of an address that hold on every page
const role = (name) => `var(--be-${name.replace(/_/g, "-")})`;

function mark(svg, tag, attributes, fill, opacity, text) {
  const node = document.createElementNS(NS, tag);
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  node.style.fill = fill;
  if (opacity !== undefined) node.style.opacity = opacity;
  if (text !== undefined) node.textContent = text;
  svg.appendChild(node);
}

// A table of -1..1 that came as one byte a cell.
const table = ({ columns, cells }) => {
  const bytes = Int8Array.from(atob(cells), (c) => c.charCodeAt(0));
  return Array.from({ length: bytes.length / columns }, (_, i) => Array.from(bytes.subarray(i * columns, (i + 1) * columns), (b) => b / 127));
};
const square = (svg, rows, colour, signed) => {
  const n = rows.length, s = H / n, x0 = (W - H) / 2;
  rows.forEach((row, i) => row.forEach((w, j) => {
    const shade = signed ? Math.abs(w) : Math.min(1, w * 1.3);
    mark(svg, "rect", { x: x0 + j * s, y: i * s, width: s, height: s }, signed && w < 0 ? role("negative") : colour, 0.05 + 0.95 * shade);
  }));
};

const draw = {
  text(svg, lengths) {
    const longest = Math.max(1, ...lengths);
    lengths.forEach((n, i) => n && mark(svg, "rect", { x: 0, y: 8 + i * 18, width: Math.max(4, (W - 6) * n / longest), height: 9, rx: 4 },
      role(i ? "segment_b" : "segment_a"), 0.8));
  },
  tokens(svg, tokens) {
    let x = 0, y = 3;
    tokens.forEach(([length, name]) => {
      const w = 6 + 2.2 * Math.min(length, 14);
      if (x + w > W - 2) { x = 0; y += 14; }
      if (y + 10 <= H) mark(svg, "rect", { x, y, width: w, height: 10, rx: 3 }, role(name), name === "special" ? 0.5 : 0.85);
      x += w + 3;
    });
  },
  embeddings(svg, shades) {
    const rows = table(shades);
    ["token", "segment_a", "position"].forEach((name, r) => rows[r].forEach((v, i) =>
      mark(svg, "rect", { x: i * 3, y: 2 + r * 15, width: 2.6, height: 11 }, role(name), 0.1 + 0.9 * Math.abs(v))));
  },
  layers(svg, shades) {
    const rows = table(shades);
    const step = H / rows.length;
    rows.forEach((row, l) => row.forEach((v, i) =>
      mark(svg, "rect", { x: i * 5, y: l * step, width: 4.4, height: step * 0.82 }, role("hidden"), 0.08 + 0.92 * Math.abs(v))));
  },
  attention: (svg, shades) => square(svg, table(shades), role("attention"), false),
  outputs: (svg, shades) => square(svg, table(shades), role("positive"), true),
  words(svg, words) {
    if (typeof words === "string") return mark(svg, "text", { x: 0, y: 26 }, role("soft"), 1, words);
    words.pieces.slice(0, 4).forEach((piece, i) => {
      const w = 6 + 54 * (words.p[i] / words.p[0] || 0);
      mark(svg, "rect", { x: 0, y: i * 11.5 + 1, width: w, height: 9, rx: 2 }, role("probability"), 0.85);
      mark(svg, "text", { x: w + 4, y: i * 11.5 + 9 }, role("soft"), 1, piece);
    });
  },
  next(svg, p) {
    if (p === null) return mark(svg, "text", { x: 0, y: 26 }, role("soft"), 1, "one sentence");
    mark(svg, "rect", { x: 0, y: 12, width: W, height: 10, rx: 5 }, role("line"));
    mark(svg, "rect", { x: 0, y: 12, width: Math.max(3, W * p), height: 10, rx: 5 }, role("probability"));
    mark(svg, "text", { x: 0, y: 38 }, role("soft"), 1, `${p > 0.99 && p < 1 ? "over 99" : p > 0 && p < 0.01 ? "under 1" : (100 * p).toFixed(0)} % is next`);
  },
};

// A link to a page, with its thumbnail where it has one.
function linkTo(stage, i, { data, setTriggerValue }, root) {
  const link = document.createElement("a"), name = document.createElement("span");
  if (stage.picture) {
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
    svg.setAttribute("preserveAspectRatio", "xMinYMid meet");
    svg.setAttribute("aria-hidden", "true");
    if (data.thumbs?.[stage.picture] === "veiled") svg.classList.add("veiled");
    else if (data.thumbs) draw[stage.picture](svg, data.thumbs[stage.picture]);
    link.append(svg);
    link.title = `${stage.name}: ${data.says[stage.picture]}`;
  }
  name.textContent = stage.name;
  link.append(name);
  if (stage.picture) { // heard, not seen: the picture says it to the eye
    const says = document.createElement("span");
    says.className = "says";
    says.textContent = `: ${data.says[stage.picture]}`;
    link.append(says);
  }
  link.dataset.path = stage.path;
  if (stage.name === data.current) link.setAttribute("aria-current", "page");
  // the address changes with every choice: the link takes what holds on every page along as it is when it is used
  const address = () => {
    const carried = [...new URLSearchParams(location.search)].filter(([name]) => EVERYWHERE.includes(name));
    return `${root}${stage.path}${carried.length ? `?${new URLSearchParams(carried)}` : ""}`;
  };
  link.href = address();
  link.onpointerdown = link.onfocus = () => { link.href = address(); };
  link.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (stage.name !== data.current) setTriggerValue("go", i);
  };
  return link;
}

function listed(link) {
  const item = document.createElement("li");
  item.append(link);
  return item;
}

// Streamlit calls this again when the theme changed, but does not run the page: its charts would keep the other theme's ink.
let paper;
function followTheme({ parentElement, setTriggerValue }) {
  const now = getComputedStyle(parentElement.host ?? parentElement).getPropertyValue("--st-background-color");
  if (paper !== undefined && now !== paper) setTriggerValue("theme", now);
  paper = now;
}

export default function (call) {
  const { data, parentElement } = call;
  followTheme(call);
  const here = STAGES.find((stage) => stage.name === data.current).path;
  const root = location.pathname.slice(0, location.pathname.length - here.length).replace(/\/?$/, "/");
  const focused = parentElement.activeElement?.dataset.path;
  const strip = parentElement.querySelector("ol");
  strip.replaceChildren(...STAGES.flatMap((stage, i) => (stage.picture ? [listed(linkTo(stage, i, call, root))] : [])));
  if (focused !== undefined) parentElement.querySelector(`a[data-path="${focused}"]`)?.focus();
}
