// All heads on one canvas: a tile a head, a pixel (or more) a weight. A tile smaller than its map shows the strongest
// weight under each pixel, so that thin lines stay.
const GAIN = 1.4; // a weight of 1 / GAIN is already drawn in full colour: this view is for patterns
const LEVELS = 100; // a weight of 1
const WIDEST = 112; // css pixels of a tile

export default component((me) => {
  const canvas = h("canvas", { "aria-hidden": "true", "data-picture": "" });
  const stage = h("div", { class: "stage" }, canvas);
  const legend = h("div", { class: "legend" });
  let d,
    n,
    geo = { x0: 0, y0: 0, tile: 10, pitch: 12 };

  // weights lie key by key: (layer, head, key, query)
  const weight = (l, a, query, key) => d.values[((l * d.heads + a) * n + key) * n + query];
  const about = (byte) => number((byte / LEVELS).toFixed(2));
  const named = (k) =>
    d.block === 1 ? piece(d.text[k]) : `tokens ${k * d.block} to ${Math.min(d.tokens, (k + 1) * d.block) - 1}`;
  const gone = (l, a) => d.off.some(([x, y]) => x === l && y === a);

  const strongest = (l, a) => {
    const place = d.strongest[l * d.heads + a];
    return [place % n, Math.floor(place / n)];
  };
  const read = ([l, a, query, key]) => {
    const start = `Head ${a + 1} of layer ${l + 1}${gone(l, a) ? " (switched off)" : ""}: `;
    const verb = d.block === 1 ? " looks at " : " look at ",
      most = d.block === 1 ? " with weight about " : " with weights up to about ";
    if (query !== undefined) return [start, named(query), verb, named(key), most, about(weight(l, a, query, key)), "."];
    const [from, to] = strongest(l, a);
    return [
      start,
      "strongest link ",
      named(from),
      " → ",
      named(to),
      ", weight about ",
      about(weight(l, a, from, to)),
      ".",
    ];
  };
  const reading = reader(me, stage, {
    size: () => [d.layers, d.heads],
    box: ([l, a]) => [geo.x0 + a * geo.pitch, geo.y0 + l * geo.pitch, geo.tile, geo.tile],
    find(x, y) {
      const a = Math.floor((x - geo.x0) / geo.pitch),
        l = Math.floor((y - geo.y0) / geo.pitch);
      if (a < 0 || l < 0 || a >= d.heads || l >= d.layers) return null;
      const inside = (v) => Math.min(n - 1, Math.floor((v / geo.tile) * n));
      return [l, a, inside(y - geo.y0 - l * geo.pitch), inside(x - geo.x0 - a * geo.pitch)];
    },
    read,
    idle: () => (d.chosen ? read(d.chosen) : ["Point at a map, or move over the heads with the arrow keys."]),
    home: () => d.chosen ?? [0, 0],
    picks: ([l, a]) => [l, a],
  });
  me.body.append(stage, reading.tip, legend);

  // opaque colours of the 256 weights, as the little-endian words of an ImageData
  function palette() {
    const card = me.colour("card"),
      full = me.colour("attention");
    return Uint32Array.from({ length: 256 }, (_, byte) => {
      const alpha = 0.045 + 0.955 * Math.min(1, (GAIN * byte) / LEVELS);
      const [r, g, b] = card.map((c, i) => Math.round(alpha * full[i] + (1 - alpha) * c));
      return (255 << 24) | (b << 16) | (g << 8) | r;
    });
  }
  // every tile, `side` pixels each, side by side without gaps
  function maps(side) {
    const colours = palette(),
      width = d.heads * side,
      image = new ImageData(width, d.layers * side);
    const words = new Uint32Array(image.data.buffer),
      most = new Uint8Array(side * side);
    const target = Uint16Array.from({ length: n }, (_, k) => Math.floor((k * side) / n));
    for (let l = 0; l < d.layers; l++)
      for (let a = 0; a < d.heads; a++) {
        most.fill(0);
        let k = (l * d.heads + a) * n * n;
        for (let key = 0; key < n; key++)
          for (let query = 0; query < n; query++, k++) {
            const p = target[query] * side + target[key],
              w = d.values[k];
            if (w > most[p]) most[p] = w;
          }
        for (let y = 0, p = 0; y < side; y++)
          for (let x = 0, to = (l * side + y) * width + a * side; x < side; x++) words[to++] = colours[most[p++]];
      }
    const sheet = h("canvas", { width, height: d.layers * side });
    sheet.getContext("2d").putImageData(image, 0, 0);
    return sheet;
  }

  function draw() {
    const dpr = devicePixelRatio,
      W = me.width(),
      x0 = 20,
      y0 = 17;
    const gap = W / d.heads > 60 ? 4 : 2,
      room = (W - x0 - 2 - gap * (d.heads - 1)) / d.heads;
    const side = Math.max(2, Math.floor(Math.min(WIDEST, room) * dpr)),
      step = side + Math.round(gap * dpr);
    geo = { x0, y0, tile: side / dpr, pitch: step / dpr };
    const left = Math.round(x0 * dpr),
      top = Math.round(y0 * dpr);
    canvas.width = left + d.heads * step;
    canvas.height = top + d.layers * step;
    canvas.style.width = `${canvas.width / dpr}px`;
    canvas.style.height = `${canvas.height / dpr}px`;
    const context = canvas.getContext("2d"),
      sheetSide = Math.min(side, n),
      sheet = maps(sheetSide);
    const css = (role) => `rgb(${me.colour(role).join()})`;
    context.imageSmoothingEnabled = false;
    for (let l = 0; l < d.layers; l++)
      for (let a = 0; a < d.heads; a++)
        context.drawImage(
          sheet,
          a * sheetSide,
          l * sheetSide,
          sheetSide,
          sheetSide,
          left + a * step,
          top + l * step,
          side,
          side,
        );
    context.scale(dpr, dpr);
    const pitch = step / dpr,
      tile = side / dpr;
    context.font = me.mono(11);
    context.fillStyle = css("soft");
    context.textAlign = "center";
    for (let a = 0, every = Math.ceil(17 / pitch); a < d.heads; a += every)
      context.fillText(a + 1, x0 + a * pitch + tile / 2, 11);
    context.textAlign = "right";
    for (let l = 0, every = Math.ceil(12 / pitch); l < d.layers; l += every)
      context.fillText(l + 1, x0 - 6, y0 + l * pitch + tile / 2 + 4);
    for (const [l, a] of d.off) cross(context, x0 + a * pitch, y0 + l * pitch, tile, css);
    if (d.chosen) {
      context.lineWidth = 2;
      context.strokeStyle = css("ink");
      context.strokeRect(x0 + d.chosen[1] * pitch - 1, y0 + d.chosen[0] * pitch - 1, tile + 2, tile + 2);
    }
    reading.refresh();
  }
  function cross(context, x, y, tile, css) {
    context.globalAlpha = 0.75;
    context.fillStyle = css("card");
    context.fillRect(x, y, tile, tile);
    context.globalAlpha = 1;
    context.strokeStyle = css("soft");
    context.lineWidth = 1.5;
    context.strokeRect(x + 0.75, y + 0.75, tile - 1.5, tile - 1.5);
    context.beginPath();
    context.moveTo(x + 1, y + 1);
    context.lineTo(x + tile - 1, y + tile - 1);
    context.moveTo(x + tile - 1, y + 1);
    context.lineTo(x + 1, y + tile - 1);
    context.stroke();
  }

  return {
    draw,
    update(data) {
      d = data;
      n = d.cells;
      d.off = d.off.filter(([l, a]) => l < d.layers && a < d.heads);
      const full = cssColour("attention");
      legend.replaceChildren(
        h("span", {}, `rows: layers 1–${d.layers} · columns: heads 1–${d.heads}`),
        ramp("0", `${(1 / GAIN).toFixed(2)} or more`, [`color-mix(in srgb, ${full} 5%, var(--be-card))`, full]),
      );
      if (d.block > 1)
        legend.append(
          h("span", {}, `${d.tokens} tokens: each point is the strongest of ${d.block} × ${d.block} weights.`),
        );
      if (d.off.length) legend.append(h("span", {}, "crossed out: switched off"));
      reading.reset(d.label);
    },
  };
});
