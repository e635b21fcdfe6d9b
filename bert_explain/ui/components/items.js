// A list of rows or chips: a listbox with one tab stop when its items can be picked, a plain list when not.
function roving(me, list, items = ":scope > *") {
  const all = () => [...list.querySelectorAll(items)];
  let at = 0;
  const move = (nodes, to) => {
    nodes[at]?.setAttribute("tabindex", "-1");
    at = Math.min(nodes.length - 1, Math.max(0, to));
    nodes[at].setAttribute("tabindex", "0");
  };
  list.onclick = (event) => {
    const nodes = all(),
      i = nodes.findIndex((node) => node.contains(event.target));
    if (i < 0 || !me.data.pick) return;
    move(nodes, i);
    nodes[i].focus({ preventScroll: true });
    me.pick(i);
  };
  list.onkeydown = (event) => {
    if (!me.data.pick || event.altKey || event.metaKey) return;
    const nodes = all(),
      to = {
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        Home: 0,
        End: nodes.length - 1,
      }[event.key];
    if (event.key === "Enter" || event.key === " ") me.pick(at);
    else if (to === undefined) return;
    else {
      move(nodes, to);
      nodes[at].focus();
    }
    event.preventDefault();
  };
  return {
    roles(label, pick, chosen = new Set()) {
      const nodes = all();
      list.setAttribute("aria-label", label);
      list.setAttribute("role", pick ? "listbox" : "list");
      if (pick && chosen.size > 1) list.setAttribute("aria-multiselectable", "true");
      else list.removeAttribute("aria-multiselectable");
      const focused = nodes.includes(me.root.activeElement);
      if (!focused) at = Math.min(Math.max(0, nodes.length - 1), chosen.size ? Math.min(...chosen) : at);
      nodes.forEach((node, i) => {
        node.setAttribute("role", pick ? "option" : "listitem");
        if (pick) {
          node.setAttribute("aria-selected", chosen.has(i));
          node.setAttribute("tabindex", i === at ? "0" : "-1");
        } else {
          node.removeAttribute("aria-selected");
          node.removeAttribute("tabindex");
        }
      });
    },
  };
}
