// Chips of text. They are made anew only when the pieces change; choosing one changes an attribute.
const HUES = { s: "special", m: "masked", a: "segment-a", b: "segment-b", n: "token" };

export default component((me) => {
  const list = h("div", { class: "tokens", "data-picture": "" });
  const empty = h("div", { class: "tip quiet" }, "There is nothing to show here.");
  me.body.append(list, empty);
  const rove = roving(me, list, ".token");
  let built = "";

  function build(d) {
    const nodes = [];
    let word = null,
      words = -1,
      letter = "";
    d.text.forEach((text, i) => {
      const role = d.role[i],
        joined = d.joined[i] === "1" && word;
      if (!joined) {
        words += role === "s" ? 0 : 1;
        // not by colour alone: the first piece of a sentence carries its letter, whatever the piece is
        const now = d.sentence[i] === " " ? letter : d.sentence[i];
        if (now !== letter && d.colour === "segment")
          nodes.push(
            h("span", { class: "letter", "aria-hidden": "true", style: `color: ${cssColour(HUES[now.toLowerCase()])}` }, now),
          );
        letter = now;
        nodes.push((word = h("span", { class: "word" })));
      }
      const chip = h("span", { class: "chip", dir: "auto" }, visible(text));
      const node = h("span", { class: `token${role === "s" ? " special" : role === "m" ? " masked" : ""}` }, chip);
      if (d.colour === "word" && words % 2 && role !== "s") node.classList.add("odd");
      node.style.setProperty("--hue", cssColour(d.colour === "word" && role !== "s" ? "token" : HUES[role]));
      if (d.notes) node.append(h("span", { class: "note", dir: "auto" }, d.notes[i]));
      word.append(node);
    });
    list.replaceChildren(...nodes);
  }
  function shade(d) {
    const full = me.colour("attention"),
      card = me.colour("card");
    list.querySelectorAll(".chip").forEach((chip, i) => {
      const alpha = d.shade ? 0.03 + 0.97 * d.shade[i] : 0;
      chip.style.background = d.shade
        ? `color-mix(in srgb, var(--be-attention) ${(100 * alpha).toFixed(1)}%, var(--be-card))`
        : "";
      chip.style.color = d.shade ? readable(full, card, alpha) : "";
    });
  }
  return {
    draw() {
      if (me.data.shade) shade(me.data);
    },
    update(d) {
      const pieces = JSON.stringify([d.text, d.role, d.joined, d.sentence, d.colour, d.notes]);
      if (pieces !== built) build(d);
      built = pieces;
      shade(d);
      const chosen = new Set(d.chosen);
      list.querySelectorAll(".token").forEach((node, i) => {
        node.classList.toggle("chosen", chosen.has(i));
        const kind = { s: "special token", m: "masked", a: "sentence A", b: "sentence B", n: "" }[d.role[i]];
        const more = [
          `position ${i}`,
          kind,
          d.shade && `shade ${d.shade[i].toFixed(2)}`,
          d.notes?.[i],
          chosen.has(i) && !d.pick && "chosen",
        ];
        node.setAttribute("aria-label", [visible(d.text[i]), ...more].filter(Boolean).join(", "));
        node.title = `position ${i}${kind ? `, ${kind}` : ""}`;
      });
      empty.hidden = d.text.length > 0;
      rove.roles(d.label, d.pick, chosen);
    },
  };
});
