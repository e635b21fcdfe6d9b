// What stands in a picture's place when its script did not arrive: its numbers. Sent once a page, used by all.
globalThis.bertExplainPlain = async (root, data) => {
if (data instanceof Uint8Array) {
const number = (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
const deflated = new Blob([data.subarray(4)]).stream().pipeThrough(new DecompressionStream("deflate"));
const plain = number(data) ? null : new Uint8Array(await new Response(deflated).arrayBuffer());
data = plain && JSON.parse(new TextDecoder().decode(plain.subarray(4, 4 + number(plain))));
}
const node = (tag, text) => Object.assign(document.createElement(tag), text == null ? {} : { textContent: text });
const table = node("table");
const columns = Object.entries(data ?? {}).filter(([, c]) => Array.isArray(c) && c.length);
const flat = columns.filter(([, c]) => c.every((cell) => ["string", "number"].includes(typeof cell)));
const line = (tag, cells) => { const row = node("tr"); row.append(...cells.map((cell) => node(tag, cell))); table.append(row); };
if (flat.length) line("th", flat.map(([name]) => name));
for (let i = 0; i < Math.max(0, ...flat.map(([, c]) => c.length)); i++) line("td", flat.map(([, c]) => c[i] ?? ""));
for (const [, rows] of columns) if (!flat.length && typeof rows[0] === "object" && rows[0])
for (const row of rows) line("td", Object.values(row).filter((cell) => ["string", "number"].includes(typeof cell)));
root.querySelector(".plain")?.remove();
const box = node("div");
box.className = "plain";
box.append(node("p", "This picture could not be drawn: its script did not arrive. Its numbers:"), table);
root.append(box);
};
