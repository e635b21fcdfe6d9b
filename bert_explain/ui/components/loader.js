const made = import(new URL("MODULE", document.baseURI).href);
made.catch(() => {});
const plain = (root, data) => {
const node = (tag, text) => Object.assign(document.createElement(tag), text == null ? {} : { textContent: text });
const table = node("table");
const columns = Object.entries(data instanceof Uint8Array ? {} : data ?? {}).filter(([, c]) => Array.isArray(c) && c.length);
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
export default (call) => {
let gone = false, stop;
made.then((module) => {
if (gone) return;
const root = call.parentElement;
if (!root.adoptedStyleSheets.includes(module.styleSheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, module.styleSheet];
stop = module.default(call);
}, () => gone || plain(call.parentElement, call.data));
return () => { gone = true; stop?.(); };
};
