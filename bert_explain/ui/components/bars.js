const LABEL = 24; // letters: where a name has more, names are sentences, and each stands above its bar

// Horizontal bars. Rows are kept from one call to the next, so that a length changes instead of being drawn anew.
export default component((me) => {
  const list = h("div", { class: "bars", "data-picture": "" });
  const empty = h("div", { class: "tip quiet" }, "There is nothing to show here.");
  me.body.append(list, empty);
  const rove = roving(me, list);

  function row() {
    const node = h(
      "div",
      { class: "bar" },
      h("b", { class: "piece", dir: "auto" }),
      " ", // what is read of a row keeps its words apart
      h("span", { class: "track" }, h("i")),
      h("span", { class: "number" }),
      " ",
      h("span", { class: "more" }),
    );
    list.append(node);
    return node;
  }
  return {
    draw() {},
    update(d) {
      while (list.children.length > d.bars.length) list.lastChild.remove();
      list.classList.toggle("sentences", d.bars.some((bar) => [...bar.text].length > LABEL));
      d.bars.forEach((bar, i) => {
        const node = list.children[i] ?? row(),
          [text, track, value, more] = node.children;
        text.textContent = visible(bar.text);
        track.firstChild.style.width = `${100 * bar.value}%`;
        track.firstChild.style.background = cssColour(bar.role);
        node.classList.toggle("signal", bar.signal);
        value.textContent = bar.shown;
        more.replaceChildren(
          ...[bar.mark && h("span", { class: "mark" }, bar.mark), " ", bar.note && h("span", {}, bar.note)].filter(Boolean),
        );
        node.setAttribute("aria-label", [visible(bar.text), bar.shown, bar.mark, bar.note].filter(Boolean).join(", "));
      });
      empty.hidden = d.bars.length > 0;
      rove.roles(d.label, d.pick);
    },
  };
});
