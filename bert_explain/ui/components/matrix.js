// One heat map. Up to DRAWN cells are rounded rectangles; more are one pixel each in an embedded picture.
const DRAWN = 1700;
const WIDE = 0.61; // a monospace letter's width, in font sizes
const SMALL = 9; // px: the smallest letters
const tallness = (width) => Math.min(22, Math.max(Math.min(width, 11), width * 0.72)); // of a cell, px

export default component((me) => {
  const svg = h("svg:svg", { "aria-hidden": "true", "data-picture": "" });
  const stage = h("div", { class: "stage" }, svg);
  const scroll = h("div", { class: "scroll" }, stage);
  const legend = h("div", { class: "legend" });
  let d,
    values,
    where,
    R,
    C,
    geo = { x0: 0, y0: 0, w: 10, h: 10 },
    names = null;

  const value = (i, j) => values[i * C + j];
  const blocked = () => d.block[0] > 1 || d.block[1] > 1;
  // the row and column (of the whole table) that a drawn cell shows
  const source = ([i, j]) => {
    if (!blocked()) return [i, j];
    const inside = where[i * C + j];
    return [i * d.block[0] + Math.floor(inside / d.block[1]), j * d.block[1] + (inside % d.block[1])];
  };
  const read = (place) => {
    const [i, j] = source(place),
      v = value(place[0], place[1]);
    const row = piece(d.rows.text[i]),
      column = piece(d.columns.text[j]);
    if (Number.isNaN(v)) return d.empty ? [...fill(d.empty, { row, column }), "."] : [row, " and ", column, ": no number here."];
    const said = fill(d.sentence, { row, column, value: number(minus(v.toFixed(d.digits))) });
    const cells = d.block[0] * d.block[1];
    return [...said, cells > 1 ? ` (the strongest of ${cells} cells drawn as one).` : "."];
  };
  const view = {
    size: () => [R, C],
    box: ([i, j]) => [geo.x0 + j * geo.w - 1, geo.y0 + i * geo.h - 1, geo.w + 0.5, geo.h + 0.5],
    find(x, y) {
      const j = Math.floor((x - geo.x0) / geo.w),
        i = Math.floor((y - geo.y0) / geo.h);
      return i >= 0 && j >= 0 && i < R && j < C ? [i, j] : null;
    },
    read,
    idle: () =>
      chosen()?.[1] != null ? read(chosen()) : ["Point at a cell, or move over the cells with the arrow keys."],
    home: () => {
      const c = chosen() ?? strongest();
      return [c[0], c[1] ?? strongest(c[0])[1]];
    },
    picks: source,
  };
  const reading = reader(me, stage, view);
  me.body.append(scroll, reading.tip, legend);
  // the row labels stay in sight when the picture scrolls sideways
  let left = 0;
  const keepNames = () => {
    names.setAttribute("transform", `translate(${left} 0)`);
    names.classList.toggle("over", left > 0);
  };
  scroll.onscroll = () => {
    left = scroll.scrollLeft;
    keepNames();
  };

  function chosen() {
    if (!d.chosen) return null;
    const [i, j] = d.chosen;
    const place = [Math.floor(i / d.block[0]), j == null ? null : Math.floor(j / d.block[1])];
    return place[0] < R && (place[1] ?? 0) < C ? place : null;
  }
  function strongest(row = null) {
    let best = [row ?? 0, 0],
      most = -1;
    for (let i = row ?? 0; i < (row == null ? R : row + 1); i++)
      for (let j = 0; j < C; j++) {
        const v = Math.abs(value(i, j));
        if (v > most) {
          most = v;
          best = [i, j];
        }
      }
    return best;
  }
  const strength = (v) => Math.min(1, Math.max(0, Math.abs(v) - d.floor) / (d.limit - d.floor));
  const hue = (v) => (d.signed ? (v < 0 ? "negative" : "positive") : d.role);

  function layout() {
    const W = me.width(),
      narrow = W < 520;
    const longest = (labels) => labels.text.reduce((most, text) => Math.max(most, [...text].length), 1);
    const tall = Math.min(longest(d.columns), narrow ? 11 : 18);
    const least = C > 64 && !narrow ? 6 : 9;
    // on a phone the rows' names get what cells of a readable size leave over
    const spare = W - 9 - SMALL * WIDE * tall * 0.5 - 4 - C * (least + 1);
    const letters = Math.min(longest(d.rows), narrow ? Math.max(11, Math.floor(spare / (SMALL * WIDE))) : 18, 18);
    let font = 13,
      x0,
      lean,
      w;
    for (let pass = 0; pass < 3; pass++) {
      x0 = Math.ceil(letters * font * WIDE) + 9;
      lean = Math.ceil(tall * font * WIDE * 0.5) + 4;
      w = Math.min(36, Math.max(least, (W - x0 - lean) / C));
      // never larger again: the names were given room for this size
      if (pass < 2) font = Math.max(SMALL, Math.min(font, w * 0.85, tallness(w)));
    }
    const height = tallness(w);
    const y0 = Math.ceil(tall * font * WIDE * 0.87 + font * 0.5) + 8;
    geo = {
      x0,
      y0,
      w,
      h: height,
      font,
      letters,
      tall,
      width: Math.ceil(x0 + C * w + lean),
      height: Math.ceil(y0 + R * height + 4),
    };
  }

  function label(parent, labels, block, k, bold, attributes, most) {
    const special = labels.role[k * block] ?? "n";
    const node = h(
      "svg:text",
      { ...attributes, "font-size": geo.font, "font-weight": bold ? 700 : 400 },
      short(visible(labels.text[k * block]), most),
    );
    node.style.fill = cssColour(ROLES[special]);
    parent.append(node);
  }

  function cells() {
    if (R * C > DRAWN) return pixels();
    const group = h("svg:g", { class: "cells" }),
      gap = geo.w > 7 ? 1.5 : 0.5;
    for (let i = 0; i < R; i++)
      for (let j = 0; j < C; j++) {
        const v = value(i, j);
        if (Number.isNaN(v)) continue;
        const rect = h("svg:rect", {
          x: (geo.x0 + j * geo.w).toFixed(2),
          y: (geo.y0 + i * geo.h).toFixed(2),
          width: (geo.w - gap).toFixed(2),
          height: (geo.h - gap).toFixed(2),
          rx: geo.w > 7 ? 2 : 0,
        });
        rect.style.fill = cssColour(hue(v));
        rect.style.fillOpacity = (0.04 + 0.96 * strength(v)).toFixed(3);
        group.append(rect);
      }
    return group;
  }
  function pixels() {
    const canvas = h("canvas", { width: C, height: R }),
      context = canvas.getContext("2d");
    const image = context.createImageData(C, R),
      pos = me.colour(d.signed ? "positive" : d.role),
      neg = me.colour("negative");
    values.forEach((v, k) => {
      if (Number.isNaN(v)) return;
      image.data.set(d.signed && v < 0 ? neg : pos, 4 * k);
      image.data[4 * k + 3] = 255 * (0.04 + 0.96 * strength(v));
    });
    context.putImageData(image, 0, 0);
    return h("svg:image", {
      href: canvas.toDataURL(),
      x: geo.x0,
      y: geo.y0,
      width: C * geo.w,
      height: R * geo.h,
      preserveAspectRatio: "none",
    });
  }

  // cells without a number that say why are hatched, row by row
  function ruledOut() {
    const group = h("svg:g");
    if (!d.empty) return group;
    const lines = h("svg:pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    lines.append(h("svg:rect", { class: "hatch", width: 1.3, height: 5 }));
    group.append(lines);
    for (let i = 0; i < R; i++)
      for (let j = 0, from = 0; j <= C; j++) {
        if (j < C && Number.isNaN(value(i, j))) continue;
        const [x, y] = [geo.x0 + from * geo.w, geo.y0 + i * geo.h];
        if (j > from) group.append(h("svg:rect", { fill: "url(#hatch)", x, y, width: (j - from) * geo.w, height: geo.h }));
        from = j + 1;
      }
    return group;
  }

  function draw() {
    if (stage.hidden) return;
    layout();
    stage.style.setProperty("--gutter", `${geo.x0}px`);
    const { x0, y0, w, h: height, font } = geo,
      mark = chosen(),
      top = mark?.[1] != null ? mark : strongest();
    for (const [name, v] of [
      ["width", geo.width],
      ["height", geo.height],
      ["viewBox", `0 0 ${geo.width} ${geo.height}`],
    ])
      svg.setAttribute(name, v);
    names = h("svg:g");
    const heads = h("svg:g"),
      marks = h("svg:g");
    const everyRow = Math.ceil(font / height),
      everyColumn = Math.ceil((font * 1.1) / w);
    names.append(h("svg:rect", { class: "gutter", x: 0, y: y0 - 2, width: x0 - 3, height: R * height + 4 }));
    for (let i = 0; i < R; i++)
      if (i % everyRow === 0 || i === mark?.[0]) {
        if (i !== mark?.[0] && mark && Math.abs(i - mark[0]) < everyRow) continue;
        label(
          names,
          d.rows,
          d.block[0],
          i,
          i === mark?.[0],
          { x: x0 - 7, y: y0 + (i + 0.5) * height - 0.75 + font * 0.35, "text-anchor": "end" },
          geo.letters,
        );
      }
    const lone = geo.tall === 1; // single letters stand upright
    for (let j = 0; j < C; j++)
      if (j % everyColumn === 0 || j === mark?.[1]) {
        if (j !== mark?.[1] && mark?.[1] != null && Math.abs(j - mark[1]) < everyColumn) continue;
        label(
          heads,
          d.columns,
          d.block[1],
          j,
          j === mark?.[1],
          { transform: `translate(${(x0 + (j + 0.5) * w + font * (lone ? -0.3 : 0.22)).toFixed(1)} ${y0 - 7})${lone ? "" : " rotate(-60)"}` },
          geo.tall,
        );
      }
    if (mark)
      marks.append(
        h("svg:rect", {
          class: "frame",
          x: x0 - 2,
          y: y0 + mark[0] * height - 1.75,
          width: C * w + 2.5,
          height: height + 2,
          rx: 3,
        }),
      );
    if (mark?.[1] != null)
      marks.append(
        h("svg:rect", {
          class: "chosen",
          x: x0 + mark[1] * w - 0.75,
          y: y0 + mark[0] * height - 0.75,
          width: w,
          height,
          rx: 2.5,
        }),
      );
    const v = value(...top);
    if (w >= 22 && height >= 12 && !Number.isNaN(v)) {
      const text = minus(v.toFixed(d.digits)).replace(/^(\u2212?)0\./, "$1."),
        size = Math.min(10.5, (w - 3) / (text.length * WIDE));
      if (size >= 7.5)
        marks.append(
          h(
            "svg:text",
            {
              x: x0 + (top[1] + 0.5) * w - 0.75,
              y: y0 + (top[0] + 0.5) * height - 0.75 + size * 0.36,
              "text-anchor": "middle",
              "font-size": size,
              style: `fill: ${readable(me.colour(hue(v)), me.colour("card"), 0.04 + 0.96 * strength(v))}`,
            },
            text,
          ),
        );
    }
    svg.replaceChildren(heads, ruledOut(), cells(), marks, names);
    keepNames();
    reading.refresh();
  }

  return {
    draw,
    update(data) {
      d = data;
      values = d.steps ? stepped(d.values, d.steps, Infinity) : floats(d.values);
      where = d.where ? whole(d.where) : null;
      R = Math.ceil(d.rows.text.length / d.block[0]);
      C = Math.ceil(d.columns.text.length / d.block[1]);
      const far = d.limit.toFixed(Math.max(d.digits, 2)),
        full = cssColour(d.signed ? "positive" : d.role);
      legend.replaceChildren(
        d.signed
          ? ramp(`\u2212${far}`, far, [cssColour("negative"), "var(--be-card)", full])
          : ramp(d.floor ? d.floor.toFixed(Math.max(d.digits, 2)) : "0", far, [`color-mix(in srgb, ${full} 4%, var(--be-card))`, full]),
      );
      if (blocked()) legend.append(h("span", {}, `Each cell is the strongest of ${d.block[0]} × ${d.block[1]}.`));
      if (R && C) layout();
      reading.reset(d.label);
    },
  };
});
