// Reading a drawn picture cell by cell, by pointer and keyboard. `view` gives
//   size() -> [rows, columns], box(place) -> [x, y, width, height], find(x, y) -> place or null,
//   read(place) -> nodes for the tip, idle() -> nodes when nothing is pointed at, home() -> place, picks(place) -> indices;
// a place is [row, column, ...whatever find adds]. The picture is an ARIA grid of which only the current cell is there.
function reader(me, stage, view) {
  const tip = h("div", { class: "tip quiet", role: "status", "aria-live": "polite" });
  const cell = h("div", { class: "cell", role: "gridcell", tabindex: "0" });
  const row = h("div", { role: "row" }, cell);
  stage.append(row);
  stage.setAttribute("role", "grid");
  let at = null,
    focused = false,
    pointed = null;
  const show = (place) => {
    const nodes = place ? view.read(place) : view.idle();
    tip.classList.toggle("quiet", !place);
    tip.replaceChildren(...nodes);
    cell.classList.toggle("on", pointed !== null);
    const [x, y, width, height] = view.box(place ?? at);
    Object.assign(cell.style, { transform: `translate(${x}px, ${y}px)`, width: `${width}px`, height: `${height}px` });
    const [i, j] = place ?? at;
    row.setAttribute("aria-rowindex", i + 1);
    cell.setAttribute("aria-colindex", j + 1);
    cell.setAttribute(
      "aria-label",
      view
        .read(place ?? at)
        .map((node) => node.textContent ?? node)
        .join(""),
    );
  };
  const refresh = () => show(pointed ?? (focused ? at : null));
  const point = (event) => {
    const corner = stage.getBoundingClientRect();
    const found = view.find(event.clientX - corner.left, event.clientY - corner.top);
    if (String(found) === String(pointed)) return;
    pointed = found;
    refresh();
  };
  stage.onpointermove = point;
  stage.onpointerdown = point;
  stage.onpointerleave = () => {
    pointed = null;
    refresh();
  };
  stage.onclick = (event) => {
    point(event);
    if (!pointed) return;
    at = pointed.slice(0, 2);
    cell.focus({ preventScroll: true });
    me.pick(...view.picks(pointed));
  };
  cell.onfocus = () => {
    focused = true;
    refresh();
  };
  cell.onblur = () => {
    focused = false;
    refresh();
  };
  cell.onkeydown = (event) => {
    const [rows, columns] = view.size();
    let [i, j] = at;
    if (event.altKey || event.metaKey) return;
    const far = event.ctrlKey;
    switch (event.key) {
      case "ArrowLeft":
        j -= 1;
        break;
      case "ArrowRight":
        j += 1;
        break;
      case "ArrowUp":
        i -= 1;
        break;
      case "ArrowDown":
        i += 1;
        break;
      case "PageUp":
        rows > 1 ? (i -= 8) : (j -= 16);
        break;
      case "PageDown":
        rows > 1 ? (i += 8) : (j += 16);
        break;
      case "Home":
        j = 0;
        if (far) i = 0;
        break;
      case "End":
        j = columns - 1;
        if (far) i = rows - 1;
        break;
      case "Enter":
      case " ":
        event.preventDefault();
        me.pick(...view.picks(at));
        return;
      default:
        return;
    }
    event.preventDefault();
    pointed = null;
    at = [Math.min(rows - 1, Math.max(0, i)), Math.min(columns - 1, Math.max(0, j))];
    refresh();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  return {
    tip,
    // after new data or a new layout: the cell stays where it was when it still exists
    reset(label) {
      const [rows, columns] = view.size();
      stage.hidden = !(rows && columns);
      if (stage.hidden) return tip.replaceChildren("There is nothing to show here.");
      if (!at || at[0] >= rows || at[1] >= columns || !focused) at = view.home();
      pointed = null;
      stage.setAttribute("aria-label", label);
      stage.setAttribute("aria-rowcount", rows);
      stage.setAttribute("aria-colcount", columns);
      stage.classList.toggle("pickable", Boolean(me.data.pick));
      refresh();
    },
    refresh,
  };
}
