// Opens the print dialog once what is on the page stands still: the script has ended, nothing is being worked out, pictures
// have the width of the paper, fonts are there. A number that was printed already is not printed again. The component is drawn
// anew at every run of the page, so the latest way to tell the server is kept, and one wait goes on through all of them.
let printed = 0;
let tell = null;

const there = () => document.querySelector(".st-key-print-dialog") !== null;
const busy = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== "notRunning"
  || document.querySelector('[data-testid="stMain"] [data-testid="stProgress"], [data-stale="true"], [data-testid="stSkeleton"]') !== null;
const rest = (ms) => new Promise((done) => setTimeout(done, ms));

async function open(number) {
  const began = performance.now();
  let quiet = 0;
  await rest(150);
  while (there() && quiet < 4 && performance.now() - began < 180000) {
    await rest(150);
    quiet = busy() ? 0 : quiet + 1;
  }
  if (!there()) return;
  const root = document.documentElement;
  root.classList.add("printing");
  window.dispatchEvent(new Event("resize"));
  await document.fonts.ready;
  await rest(700);
  try {
    await window.print();
  } finally {
    root.classList.remove("printing");
    window.dispatchEvent(new Event("resize"));
    tell("done", number);
  }
}

export default function ({ data, setStateValue }) {
  tell = setStateValue;
  if (data.number && data.number !== printed) {
    printed = data.number;
    open(data.number);
  }
}
