// Text, pieces, strips of numbers, the lines of one head, veiled bars: five stages below each other. They come in one after the
// other, once for a text.
// Where there is little room, names stand over the stages, and of the pieces those that are looked at most.
const NARROW = 520, FEW = 7;

export default component((me) => {
  const svg = h("svg:svg", { role: "img", "data-picture": "" });
  me.body.append(svg);
  let before = "", drawn = -1;

  const room = () => (me.width() < NARROW ? me.width() : 0); // 0: there is enough, and the picture grows with it
  const stage = (n, ...children) => h("svg:g", { class: "stage", style: `animation-delay: ${0.22 * n}s` }, ...children);

  function most(d) {
    const order = d.looks.map((w, i) => [i === d.row ? 2 : w, i]).sort((p, q) => q[0] - p[0]);
    return order.slice(0, FEW).map(([, i]) => i).sort((p, q) => p - q);
  }

  function draw(d) {
    const narrow = (drawn = room()), W = narrow || 680, LEFT = narrow ? 0 : 92, over = narrow ? 22 : 0;
    const kept = narrow ? most(d) : d.tokens.map((_, i) => i);
    const tokens = kept.map((i) => d.tokens[i]), row = kept.indexOf(d.row);
    const n = Math.max(1, tokens.length), step = (W - LEFT) / n, wide = step - 4;
    const x = (i) => LEFT + i * step + step / 2;
    const y = (k, at) => at + over * (k + 1); // in stage k
    const soft = (at, words) => h("svg:text", { x: 0, y: at, class: "soft", "font-size": 13 }, words);
    const name = (k, top, at, ...lines) => (narrow ? [soft(y(k, top) - 8, lines.join(" "))] : lines.map((words, i) => soft(at + 17 * i, words)));
    const few = kept.length < d.total ? `${kept.length} of ${d.total} pieces` : "pieces";
    const size = Math.max(8, Math.min(13, (1.55 * wide) / Math.max(3, ...tokens.map(([text]) => text.length))));
    const texts = d.texts.map((text, i) =>
      h("svg:text", { x: LEFT, y: y(0, 18 + 21 * i), "font-size": 15, style: `fill: var(--be-segment-${"ab"[i] ?? "b"})` },
        narrow ? short(text, Math.floor(W / 7.6)) : text));
    const pieces = tokens.flatMap(([text, role], i) => [
      h("svg:rect", { x: x(i) - wide / 2, y: y(1, 62), width: wide, height: 24, rx: 5, style: `fill: var(--be-${role.replace("_", "-")}); opacity: 0.16` }),
      h("svg:text", { x: x(i), y: y(1, 78), "text-anchor": "middle", class: "mono", "font-size": size }, short(visible(text), 12)),
    ]);
    const cells = kept.flatMap((place, i) =>
      d.numbers[place].map((v, j) => h("svg:rect", { x: x(i) - wide / 2, y: y(2, 106 + 7 * j), width: wide, height: 6, style: `fill: var(--be-${v < 0 ? "negative" : "positive"}); opacity: ${0.08 + 0.92 * Math.abs(v)}` })));
    const lines = kept.map((place, i) => {
      const w = d.looks[place];
      return h("svg:path", { d: `M ${x(row)} ${y(3, 268)} C ${x(row)} ${y(3, 235)}, ${x(i)} ${y(3, 235)}, ${x(i)} ${y(3, 204)}`, fill: "none", "stroke-width": 1 + 7 * w, style: `stroke: var(--be-attention); opacity: ${Math.min(1, 0.06 + 1.2 * w)}` });
    });
    const dots = tokens.flatMap((_, i) => [198, 274].map((cy) => h("svg:circle", { cx: x(i), cy: y(3, cy), r: 4, style: `fill: var(--be-attention); opacity: ${cy === 274 && i !== row ? 0.25 : 0.9}` })));
    const bars = [0, 1, 2, 3].map((i) =>
      h("svg:rect", { x: LEFT, y: y(4, 306 + 20 * i), width: W - LEFT - 6, height: 13, rx: 4, style: "fill: url(#veil)" }));
    const pattern = h("svg:defs", {}, h("svg:pattern", { id: "veil", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      h("svg:rect", { width: 3, height: 8, style: "fill: var(--be-line)" })));
    svg.setAttribute("viewBox", `0 0 ${W} ${y(4, 400)}`);
    svg.setAttribute("aria-label", d.label);
    svg.replaceChildren(pattern,
      stage(0, ...name(0, 2, 18, "your text"), ...texts),
      stage(1, ...name(1, 62, 78, few), ...pieces),
      stage(2, ...name(2, 106, 144, "numbers"), ...cells),
      stage(3, ...name(3, 192, 228, `${d.layers} layer${d.layers === 1 ? "" : "s"}`, "of looking"), ...lines, ...dots),
      stage(4, ...name(4, 306, 330, "its guess"), ...bars, h("svg:text", { x: LEFT + (W - LEFT) / 2, y: y(4, 350), "text-anchor": "middle", "font-size": 15, "font-weight": 600, class: "soft" }, "guess first, then see")));
  }

  return {
    draw() {
      if (room() !== drawn) draw(me.data);
    },
    update(d) {
      const now = JSON.stringify(d);
      if (now !== before) draw(d);
      before = now;
    },
  };
});
