const made = import(new URL("MODULE", document.baseURI).href);
made.catch(() => {});
export default (call) => {
let gone = false, stop;
made.then((module) => {
if (gone) return;
const root = call.parentElement;
if (!root.adoptedStyleSheets.includes(module.styleSheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, module.styleSheet];
stop = module.default(call);
}, function plain() {
if (!gone) globalThis.bertExplainPlain ? bertExplainPlain(call.parentElement, call.data) : setTimeout(plain, 200);
});
return () => { gone = true; stop?.(); };
};
