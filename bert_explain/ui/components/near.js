// Tells which containers have come near the window. It reports the whole list each time: reports that follow each other
// quickly are joined on their way, and a list loses none.
const seen = new Set();
let watched = "";
let watcher = null;

export default function ({ data, setStateValue }) {
  const names = data.keys.join(" ");
  if (names !== watched) {
    watched = names;
    seen.clear();
  }
  watcher?.disconnect();
  let timer = null;
  const report = () => { timer = null; setStateValue("seen", data.keys.filter((key) => seen.has(key))); };
  watcher = new IntersectionObserver((entries) => {
    let more = false;
    for (const entry of entries) {
      const key = entry.target.dataset.near;
      if (entry.isIntersecting && !seen.has(key)) { seen.add(key); more = true; }
    }
    if (more && timer === null) timer = setTimeout(report, 60);
  }, { rootMargin: "300px 0px" });
  let tries = 60;
  const look = () => {
    let missing = false;
    for (const key of data.keys) {
      const node = document.querySelector(`.st-key-${key}`);
      if (!node) missing = true;
      else if (node.dataset.near !== key || !node.watchedBy || node.watchedBy !== watcher) {
        node.dataset.near = key;
        node.watchedBy = watcher;
        watcher.observe(node);
      }
    }
    if (missing && tries--) setTimeout(look, 50);
  };
  look();
  return () => watcher?.disconnect();
}
