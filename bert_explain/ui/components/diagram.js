// Boxes and arrows. The boxes are a listbox: one tab stop, arrow keys move, Enter chooses.
export default component((me) => {
  const svg = h("svg:svg", { "data-picture": "" });
  const tip = h("div", { class: "tip", role: "status", "aria-live": "polite" });
  me.body.append(svg, tip);
  const rove = roving(me, svg, ".box");
  let boxes = [],
    pointed = null;

  const show = (i) => {
    const box = me.data.boxes[i ?? me.data.chosen];
    tip.replaceChildren(h("b", {}, `${box.title}: `), box.says);
  };
  function build(d) {
    const behind = h("svg:g", { class: "behind" });
    boxes = d.boxes.map((box, i) => {
      const middle = { x: box.x + box.w / 2, y: box.y + box.h / 2 + 4.5, "text-anchor": "middle" };
      return h(
        "svg:g",
        {
          onpointerenter: () => show((pointed = i)),
          onpointerleave: () => show((pointed = null)),
          onfocus: () => show(i),
          onblur: () => show(pointed),
        },
        h("svg:rect", { class: "under", x: box.x, y: box.y, width: box.w, height: box.h, rx: 7 }),
        h("svg:rect", { class: "face", x: box.x, y: box.y, width: box.w, height: box.h, rx: 7 }),
        h("svg:text", middle, box.text),
      );
    });
    svg.replaceChildren(behind, ...boxes);
  }
  // what changes with the choice of a half: lines, frames, and how strongly each box is drawn
  function lines(d) {
    const frames = d.frames.map((f) =>
      h("svg:g", { class: f.state }, h("svg:rect", { class: "frame", x: f.x, y: f.y, width: f.w, height: f.h, rx: 10 })),
    );
    const ways = d.ways.map((w) => h("svg:path", { class: `way ${w.state}`, d: w.d, "marker-end": "url(#tip)" }));
    const words = d.words.map((w) => h("svg:text", { class: `small ${w.state}`, x: w.x, y: w.y, "text-anchor": w.anchor }, w.text));
    const arrow = h("svg:marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" },
      h("svg:path", { class: "point", d: "M0 0.5L7.5 4L0 7.5z" }));
    svg.querySelector(".behind").replaceChildren(h("svg:defs", {}, arrow), ...frames, ...ways, ...words);
  }
  return {
    draw() {},
    update(d) {
      svg.setAttribute("viewBox", `0 0 ${d.width} ${d.height}`);
      if (boxes.length !== d.boxes.length) build(d);
      lines(d);
      d.boxes.forEach((box, i) => {
        boxes[i].setAttribute("class", `box ${box.state}${i === d.chosen ? " chosen" : ""}`);
        boxes[i].style.setProperty("--hue", cssColour(box.role));
        const name = box.title.includes(box.text) ? box.title : `${box.text}: ${box.title}`; // what is seen is part of the name
        boxes[i].setAttribute("aria-label", `${name}. ${box.says}${{ dim: " Not in this half.", out: " Left out." }[box.state] ?? ""}`);
      });
      rove.roles(d.label, true, new Set([d.chosen]));
      show(pointed);
    },
  };
});
