// A text, character by character: what was typed above, what the tokenizer made of it below.
export default component((me) => {
  const list = h("div", { class: "cells", role: "listbox", tabindex: "0" });
  const more = h("p", { class: "more" }), tip = h("p", { class: "tip", role: "status", "aria-live": "polite" });
  me.body.append(list, tip, more);
  let at = -1, cells = [], built = "";

  function choose(i) {
    cells[at]?.classList.remove("on");
    cells[at]?.setAttribute("aria-selected", "false");
    at = i;
    cells[at].classList.add("on");
    cells[at].setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", cells[at].id);
    tip.textContent = me.data.cells[at][3];
  }
  list.onkeydown = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !cells.length) return;
    const turn = me.data.rtl ? -1 : 1;
    const to = { ArrowRight: at + turn, ArrowLeft: at - turn, Home: 0, End: cells.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(Math.min(cells.length - 1, Math.max(0, to)));
    cells[at].scrollIntoView({ block: "nearest" });
  };
  list.onpointerover = (event) => {
    const i = cells.findIndex((cell) => cell.contains(event.target));
    if (i >= 0) choose(i);
  };

  function draw([before, after, changed, reading], i) {
    const part = (name, text) => h("span", { class: text.length > 5 ? `${name} code` : name }, text);
    const about = { id: `char-${i}`, role: "option", "aria-selected": "false", "aria-label": reading };
    about.class = changed ? "char changed" : "char";
    return h("span", about, part("before", before), part("after", after));
  }

  return {
    draw() {},
    update(d) {
      const now = JSON.stringify(d);
      if (now === built) return;
      built = now;
      list.dir = d.rtl ? "rtl" : "ltr";
      list.setAttribute("aria-label", d.label);
      cells = d.cells.map(draw);
      at = -1;
      // runs of one direction: a Latin word in a Hebrew sentence still reads from left to right
      let place = 0;
      list.replaceChildren(...d.runs.map(([length, rtl]) => {
        place += length;
        const run = { class: "run", dir: rtl ? "rtl" : "ltr", role: "presentation" };
        return h("span", run, ...cells.slice(place - length, place));
      }));
      const missing = ["before", "after"].filter((end) => d[end]).map((end) => `${d[end].toLocaleString("en")} ${end}`);
      more.textContent = missing.length ? `Characters not drawn: ${missing.join(", ")}. The table has them all.` : "";
      if (cells.length) choose(d.at);
    },
  };
});
