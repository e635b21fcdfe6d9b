// One word's look-ups: the word on top, and each prefix that was tried under its own characters.
export default component((me) => {
  const list = h("ol", { class: "stairs" });
  me.body.append(h("div", { class: "scroll" }, list));

  const letters = (word, start, end, dress) =>
    word.slice(start, end).map((text, i) => {
      const node = h("span", { class: text.length > 4 ? "box code" : "box", "aria-hidden": "true" }, text);
      node.style.gridColumn = start + i + 2;
      dress?.(node, start + i);
      return node;
    });

  function top(d) {
    const dress = (node, i) => {
      const owner = d.owner[i];
      if (owner !== null) node.classList.add(owner % 2 ? "odd" : "even", owner === d.owner[i - 1] ? "inner" : "outer");
      if (i === d.failed) node.classList.add("failed");
    };
    const boxes = letters(d.word, 0, d.word.length, dress);
    return h("li", { class: "step whole", "aria-label": `The word: ${d.word.join("")}` }, ...boxes);
  }

  function step(row, d) {
    if (row.gap) {
      const more = row.gap > 1 ? `${row.gap} more look-ups` : "1 more look-up";
      return h("li", { class: "step gap" }, `${more}, not drawn; the table has them`);
    }
    if (row.state === "ahead") return h("li", { class: "step", "aria-hidden": "true" });
    const mark = row.mark ? h("span", { class: "mark", "aria-hidden": "true" }, row.mark) : null;
    if (mark) mark.style.gridColumn = `1 / ${row.start + 2}`;
    const answer = row.taken ? `in the vocabulary, row ${row.id}` : "not in the vocabulary";
    return h(
      "li",
      {
        class: `step ${row.state} ${row.taken ? "taken" : "missed"}`,
        "aria-label": `Look-up ${row.n}: ${row.piece} is ${answer}`,
        "aria-current": row.state === "now" ? "step" : null,
      },
      h("span", { class: "n", "aria-hidden": "true" }, row.n),
      mark,
      ...letters(d.word, row.start, row.end),
      h("span", { class: "verdict", "aria-hidden": "true" }, row.taken ? `yes, row ${row.id}` : "no"),
    );
  }

  return {
    draw() {},
    update(d) {
      list.setAttribute("aria-label", d.label);
      list.dir = d.rtl ? "rtl" : "ltr";
      list.style.setProperty("--n", d.word.length);
      list.replaceChildren(top(d), ...d.rows.map((row) => step(row, d)));
    },
  };
});
