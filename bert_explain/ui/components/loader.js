const made = import(new URL("MODULE", document.baseURI).href);
made.catch(() => {});
export default (call) => {
let gone = false, stop;
made.then((module) => {
if (gone) return;
const root = call.parentElement;
if (!root.adoptedStyleSheets.includes(module.styleSheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, module.styleSheet];
stop = module.default(call);
}, () => gone || globalThis.bertExplainPlain?.(call.parentElement, call.data));
return () => { gone = true; stop?.(); };
};
