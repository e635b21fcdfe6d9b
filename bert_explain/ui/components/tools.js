// Copy the link; save the first picture of the card around these buttons, as it looks on screen.
const KEPT = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
  "image-rendering",
  "visibility",
  "display",
];

// The card: the nearest ancestor, through shadow roots, that is a Streamlit container with a key "pic-...".
function cardOf(node) {
  while (node) {
    if ([...(node.classList ?? [])].some((name) => name.startsWith("st-key-pic-"))) return node;
    node = node.parentNode ?? node.host;
  }
  return null;
}
const isPlot = (node) => node.classList?.contains("js-plotly-plot");
function pictureOf(card, own) {
  for (const node of card?.querySelectorAll('[data-testid="stBidiComponentIsolated"], .js-plotly-plot') ?? []) {
    if (node === own) continue;
    if (isPlot(node)) {
      if (node.querySelector("svg.main-svg")) return node;
      continue;
    }
    const found = node.shadowRoot?.querySelector("[data-picture]") ?? node.shadowRoot?.querySelector("svg, canvas");
    if (found) return found;
  }
  return null;
}

// Any CSS colour (color-mix gives "color(srgb ...)") as one that every SVG reader knows: [colour, opacity].
const dot = h("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
const plains = new Map();
function plain(colour) {
  if (!plains.has(colour)) {
    dot.clearRect(0, 0, 1, 1);
    dot.fillStyle = colour;
    dot.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = dot.getImageData(0, 0, 1, 1).data;
    plains.set(colour, [`rgb(${r}, ${g}, ${b})`, +(a / 255).toFixed(3)]);
  }
  return plains.get(colour);
}

// A copy that needs no style sheet.
function styled(svg) {
  const copy = svg.cloneNode(true),
    plainest = getComputedStyle(svg);
  const pairs = [[svg, copy]];
  while (pairs.length) {
    const [from, to] = pairs.pop(),
      style = getComputedStyle(from),
      text = from.localName === "text" || from.localName === "tspan";
    const rules = KEPT.filter(
      (name) =>
        (text || !/^(font|text|dominant)/.test(name)) && (text || style[name] !== plainest[name] || name === "fill"),
    ).map((name) => {
      const value = style.getPropertyValue(name);
      return `${name}: ${/^(fill|stroke)$/.test(name) && /^(color|light)/.test(value) ? plain(value)[0] : value.replaceAll('"', "'")}`;
    });
    to.setAttribute(
      "style",
      from.localName === "g" ? rules.filter((rule) => !rule.startsWith("fill")).join("; ") : rules.join("; "),
    );
    to.removeAttribute("class");
    [...from.children].forEach((child, i) => pairs.push([child, to.children[i]]));
  }
  return copy;
}
const sheet = (width, height, background, ...children) =>
  h(
    "svg:svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` },
    h("svg:rect", { width, height, fill: background }),
    ...children,
  );

// Boxes and words of an HTML picture, where they stand on the screen.
function traced(html, background) {
  const area = html.getBoundingClientRect(),
    parts = [],
    width = Math.ceil(html.scrollWidth) + 8,
    height = Math.ceil(html.scrollHeight);
  const box = (r, x, y, w, height_, fill, more = {}) => {
    const [colour, opacity] = plain(fill);
    if (opacity > 0 && w > 0)
      parts.push(
        h("svg:rect", {
          x: x.toFixed(1),
          y: y.toFixed(1),
          width: w.toFixed(1),
          height: height_.toFixed(1),
          rx: r,
          fill: colour,
          "fill-opacity": opacity,
          ...more,
        }),
      );
  };
  const walk = document.createTreeWalker(html, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walk.currentNode; node; node = walk.nextNode()) {
    if (node.nodeType === Node.ELEMENT_NODE) {
      const style = getComputedStyle(node),
        r = node.getBoundingClientRect(),
        x = r.left - area.left,
        y = r.top - area.top + html.scrollTop;
      const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, r.height / 2);
      box(radius, x, y, r.width, r.height, style.backgroundColor);
      box(0, x, y, parseFloat(style.borderLeftWidth), r.height, style.borderLeftColor);
      if (style.boxShadow !== "none")
        parts.push(
          h("svg:rect", {
            x: x - 1,
            y: y - 1,
            width: r.width + 2,
            height: r.height + 2,
            rx: radius + 1,
            fill: "none",
            stroke: plain(style.boxShadow.match(/^[a-z-]+\([^)]*\)/)?.[0] ?? "#888")[0],
            "stroke-width": 2,
          }),
        );
      continue;
    }
    const style = getComputedStyle(node.parentNode),
      range = document.createRange(),
      lines = new Map();
    let at = 0;
    for (const letter of node.data) {
      range.setStart(node, at);
      range.setEnd(node, (at += letter.length));
      const r = range.getBoundingClientRect();
      if (!r.height) continue;
      const line = lines.get(r.top) ?? { x: r.left, bottom: r.bottom, text: "" };
      lines.set(r.top, { ...line, x: Math.min(line.x, r.left), text: line.text + letter });
    }
    for (const [top, line] of lines)
      if (line.text.trim())
        parts.push(
          h(
            "svg:text",
            {
              x: (line.x - area.left).toFixed(1),
              y: ((top + line.bottom) / 2 - area.top + html.scrollTop + 0.34 * parseFloat(style.fontSize)).toFixed(1),
              fill: plain(style.color)[0],
              style: `font: ${style.fontWeight} ${style.fontSize} ${style.fontFamily.replaceAll('"', "'")}; white-space: pre`,
            },
            line.text,
          ),
        );
  }
  return sheet(width, height, background, ...parts);
}

function file(picture, background) {
  if (picture.localName === "canvas")
    return new Promise((done) => {
      const copy = h("canvas", { width: picture.width, height: picture.height }),
        context = copy.getContext("2d");
      context.fillStyle = background;
      context.fillRect(0, 0, copy.width, copy.height);
      context.drawImage(picture, 0, 0);
      copy.toBlob(done, "image/png");
    });
  let svg;
  if (isPlot(picture)) {
    const layers = [...picture.querySelectorAll("svg.main-svg")],
      { width, height } = layers[0].getBoundingClientRect();
    svg = sheet(Math.ceil(width), Math.ceil(height), background, ...layers.map(styled));
  } else if (picture.localName === "svg") {
    const { width, height } = picture.getBoundingClientRect();
    svg = sheet(Math.ceil(width), Math.ceil(height), background, styled(picture));
  } else svg = traced(picture, background);
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // not allowed on a plain http address
    const box = h("textarea", { readonly: true, style: "position: fixed; opacity: 0" });
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

export default component((me) => {
  const status = h("span", { role: "status", "aria-live": "polite" });
  let timer;
  const say = (text) => {
    status.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => {
      status.textContent = "";
    }, 2500);
  };
  const link = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        await copyText(location.href);
        say("copied");
      },
    },
    "copy link",
  );
  const save = h("button", { type: "button", hidden: true });
  const target = () => pictureOf(cardOf(me.root), me.root.host);
  const kind = (picture) => (picture?.localName === "canvas" ? "png" : "svg");
  save.onclick = async () => {
    const picture = target();
    if (!picture) return;
    const url = URL.createObjectURL(await file(picture, `rgb(${me.colour("card").join()})`));
    h("a", { href: url, download: `${me.data.name}.${kind(picture)}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    say("saved");
  };
  const look = () => {
    const picture = target();
    save.hidden = !picture;
    const name = `save as ${kind(picture).toUpperCase()}`;
    if (save.textContent !== name) save.textContent = name;
  };
  const row = h("div", { class: "tools" }, link, save, status);
  row.onpointerenter = row.onfocusin = look;
  me.body.append(row);
  // a picture of the card may come after these buttons: look again, ever more rarely, for about a minute
  let wait = 150,
    next;
  const later = () => {
    look();
    wait *= 1.6;
    if (save.hidden && wait < 30000) next = setTimeout(later, wait);
  };
  later();
  return {
    draw: look,
    update: look,
    stop() {
      clearTimeout(next);
      clearTimeout(timer);
    },
  };
});
