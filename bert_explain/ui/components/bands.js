// Strips of numbers on one signed scale. Where there are more numbers than pixels, a pixel shows the strongest under it.
export default component((me) => {
  const canvas = h("canvas", { "aria-hidden": "true", "data-picture": "" });
  const stage = h("div", { class: "stage" }, canvas);
  const legend = h("div", { class: "legend" });
  let d,
    values,
    geo = { x0: 0, width: 1, top: 0, height: 1 };

  // "dimension 17: token 0.031 + segment -0.002 + position 0.010 = 0.039"
  const read = ([, k]) => {
    const nodes = [h("b", {}, `dimension ${k}`), ": "];
    d.names.forEach((name, r) => {
      const sign = d.signs[r],
        said = number(minus(values[r * d.count + k].toFixed(d.digits[r])));
      nodes.push(r ? (sign ? ` ${sign} ` : ", ") : sign ? `${sign} ` : "");
      if (sign !== "=") nodes.push(h("span", { style: `color: ${cssColour(d.roles[r])}` }, name), " ");
      nodes.push(said);
    });
    return nodes;
  };
  const reading = reader(me, stage, {
    size: () => [d.names.length && 1, d.count],
    box([, k]) {
      const w = geo.width / d.count,
        wide = Math.max(3, w);
      return [geo.x0 + (k + 0.5) * w - wide / 2, geo.top, wide, geo.height];
    },
    find(x, y) {
      const k = Math.floor(((x - geo.x0) / geo.width) * d.count);
      return k >= 0 && k < d.count && y >= 0 && y <= geo.top + geo.height + 4 ? [0, k] : null;
    },
    read,
    idle: () =>
      d.chosen == null
        ? [`Point at the strips, or use the arrow keys, to read one of the ${d.count} dimensions.`]
        : read([0, d.chosen]),
    home: () => [0, d.chosen ?? 0],
    picks: ([, k]) => [k],
  });
  me.body.append(stage, reading.tip, legend);

  // one line of pixels a strip
  function strips(pixels) {
    const image = new ImageData(pixels, d.names.length),
      card = me.colour("card");
    const hues = [me.colour("negative"), me.colour("positive")];
    d.names.forEach((_, r) => {
      for (let x = 0; x < pixels; x++) {
        const from = Math.floor((x * d.count) / pixels),
          to = Math.max(from + 1, Math.floor(((x + 1) * d.count) / pixels));
        let v = 0;
        for (let k = from; k < to; k++) {
          const now = values[r * d.count + k];
          if (Math.abs(now) > Math.abs(v)) v = now;
        }
        const alpha = Math.min(1, Math.abs(v) / d.limits[r]),
          hue = hues[v < 0 ? 0 : 1],
          at = 4 * (r * pixels + x);
        for (let c = 0; c < 3; c++) image.data[at + c] = alpha * hue[c] + (1 - alpha) * card[c];
        image.data[at + 3] = 255;
      }
    });
    const sheet = h("canvas", { width: pixels, height: d.names.length });
    sheet.getContext("2d").putImageData(image, 0, 0);
    return sheet;
  }

  function draw() {
    if (stage.hidden) return;
    const dpr = devicePixelRatio,
      W = me.width(),
      context = canvas.getContext("2d");
    const names = d.names.map((name, r) => `${d.signs[r]} ${name}`.trim()),
      rows = names.length;
    const font = me.sans(14);
    context.font = font;
    const widest = Math.ceil(Math.max(0, ...names.map((name) => context.measureText(name).width)));
    const above = (W < 560 && rows <= 10) || widest > W / 3; // the names above their strips
    const x0 = above ? 1 : widest + 12,
      strip = above ? 22 : rows > 10 ? 13 : 26, // many are compared as one picture, which is to be seen at once
      pitch = above ? strip + 24 : rows > 10 ? strip + 4 : strip + 7,
      lead = above ? 20 : 2;
    const pixels = Math.max(1, Math.round((W - x0 - 2) * dpr)),
      height = Math.max(1, rows * pitch - (pitch - strip) + lead + 2);
    geo = { x0, width: pixels / dpr, top: lead - 1, height: height - lead };
    canvas.width = Math.round(W * dpr);
    canvas.height = Math.round(height * dpr);
    canvas.style.width = `${W}px`;
    canvas.style.height = `${height}px`;
    const sheet = strips(pixels),
      css = (role) => `rgb(${me.colour(role).join()})`;
    context.imageSmoothingEnabled = false;
    names.forEach((_, r) =>
      context.drawImage(
        sheet,
        0,
        r,
        pixels,
        1,
        Math.round(x0 * dpr),
        Math.round((lead + r * pitch) * dpr),
        pixels,
        Math.round(strip * dpr),
      ),
    );
    context.scale(dpr, dpr);
    context.font = font;
    context.textBaseline = "middle";
    context.textAlign = above ? "left" : "right";
    names.forEach((name, r) => {
      const y = lead + r * pitch;
      context.fillStyle = css(d.roles[r]);
      context.fillText(name, above ? 0 : x0 - 10, above ? y - 10 : y + strip / 2);
      context.strokeStyle = css("line");
      context.lineWidth = 1;
      context.strokeRect(x0 - 0.5, y - 0.5, geo.width + 1, strip + 1);
    });
    if (d.chosen != null) {
      const x = geo.x0 + ((d.chosen + 0.5) * geo.width) / d.count,
        wide = Math.max(4, geo.width / d.count + 2);
      context.strokeStyle = css("ink");
      context.lineWidth = 1.5;
      if (above) names.forEach((_, r) => context.strokeRect(x - wide / 2, lead + r * pitch - 1, wide, strip + 2));
      else context.strokeRect(x - wide / 2, lead - 1, wide, height - lead);
    }
    reading.refresh();
  }

  return {
    draw,
    update(data) {
      d = data;
      values = d.steps ? stepped(d.values, d.steps, d.count) : floats(d.values);
      legend.replaceChildren(
        ...[...new Set(d.scales)].map((scale) => {
          const far = d.limits[d.scales.indexOf(scale)].toPrecision(2),
            name = scale && `${scale}: `;
          return ramp(`${name}\u2212${far} or less`, `${far} or more`, [
            cssColour("negative"),
            "var(--be-card)",
            cssColour("positive"),
          ]);
        }),
      );
      reading.reset(d.label);
    },
  };
});
