// Text, pieces, strips of numbers, the lines of one head, veiled bars: five stages below each other. They come in one after the
// other, once for a text.
export default component((me) => {
  const W = 680, LEFT = 92;
  const svg = h("svg:svg", { viewBox: `0 0 ${W} 400`, role: "img", "data-picture": "" });
  me.body.append(svg);
  let before = "";

  const label = (y, words) => h("svg:text", { x: 0, y, class: "soft", "font-size": 13 }, words);
  const stage = (n, ...children) => h("svg:g", { class: "stage", style: `animation-delay: ${0.22 * n}s` }, ...children);

  function draw(d) {
    const n = Math.max(1, d.tokens.length), step = (W - LEFT) / n, wide = step - 4;
    const x = (i) => LEFT + i * step + step / 2;
    const size = Math.max(8, Math.min(13, (1.55 * wide) / Math.max(3, ...d.tokens.map(([text]) => text.length))));
    const texts = d.texts.map((text, i) =>
      h("svg:text", { x: LEFT, y: 18 + 21 * i, "font-size": 15, style: `fill: var(--be-segment-${"ab"[i] ?? "b"})` }, text));
    const pieces = d.tokens.flatMap(([text, role], i) => [
      h("svg:rect", { x: x(i) - wide / 2, y: 62, width: wide, height: 24, rx: 5, style: `fill: var(--be-${role.replace("_", "-")}); opacity: 0.16` }),
      h("svg:text", { x: x(i), y: 78, "text-anchor": "middle", class: "mono", "font-size": size }, short(visible(text), 12)),
    ]);
    const cells = d.numbers.flatMap((row, i) =>
      row.map((v, j) => h("svg:rect", { x: x(i) - wide / 2, y: 106 + 7 * j, width: wide, height: 6, style: `fill: var(--be-${v < 0 ? "negative" : "positive"}); opacity: ${0.08 + 0.92 * Math.abs(v)}` })));
    const lines = d.looks.map((w, i) =>
      h("svg:path", { d: `M ${x(d.row)} 268 C ${x(d.row)} 235, ${x(i)} 235, ${x(i)} 204`, fill: "none", "stroke-width": 1 + 7 * w, style: `stroke: var(--be-attention); opacity: ${Math.min(1, 0.06 + 1.2 * w)}` }));
    const dots = d.tokens.flatMap((_, i) => [198, 274].map((y) => h("svg:circle", { cx: x(i), cy: y, r: 4, style: `fill: var(--be-attention); opacity: ${y === 274 && i !== d.row ? 0.25 : 0.9}` })));
    const bars = [210, 150, 96, 60].flatMap((_, i) => [
      h("svg:rect", { x: LEFT, y: 306 + 20 * i, width: W - LEFT - 6, height: 13, rx: 4, style: "fill: url(#veil)" }),
    ]);
    const pattern = h("svg:defs", {}, h("svg:pattern", { id: "veil", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      h("svg:rect", { width: 3, height: 8, style: "fill: var(--be-line)" })));
    svg.setAttribute("aria-label", d.label);
    svg.replaceChildren(pattern,
      stage(0, label(18, "your text"), ...texts),
      stage(1, label(78, "pieces"), ...pieces),
      stage(2, label(144, "numbers"), ...cells),
      stage(3, label(228, `${d.layers} layers`), label(245, "of looking"), ...lines, ...dots),
      stage(4, label(330, "its guess"), ...bars, h("svg:text", { x: LEFT + (W - LEFT) / 2, y: 350, "text-anchor": "middle", "font-size": 15, "font-weight": 600, class: "soft" }, "guess first, then see")));
  }

  return {
    draw() {},
    update(d) {
      const now = JSON.stringify(d);
      if (now !== before) draw(d);
      before = now;
    },
  };
});
