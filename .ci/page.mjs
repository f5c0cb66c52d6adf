// Holds a report's page to a browser and axe-core, and both to seeded-bad twins.
// Usage: node page.mjs REPORT_HTML WORKDIR CHROMIUM
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [report, work, chromium] = process.argv.slice(2);
const require = createRequire(join(work, "package.json"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--no-first-run",
];
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "section508"];
const views = [
  { name: "1280 px light", width: 1280, scheme: "light" },
  { name: "1280 px dark", width: 1280, scheme: "dark" },
  // Text that a table has scrolled out of sight has a contrast that axe-core cannot
  // judge. Its colours are those of the other views, which leave nothing open.
  { name: "320 px", width: 320, scheme: "light", open: ["color-contrast"] },
  { name: "print", width: 1280, scheme: "light", media: "print" },
];

// Opens a file in a view, with its content security policy or without. Every request
// is held; none but the file's own is let through.
async function open(browser, file, view, { policy }) {
  const page = await browser.newPage();
  const own = pathToFileURL(file).href;
  const found = [];
  page.on("console", (m) => found.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => found.push(`console: ${e}`));
  page.on("request", (r) => {
    if (r.url() === own) return r.continue();
    found.push(`request: ${r.url()}`);
    return r.abort();
  });
  await page.setRequestInterception(true);
  await page.setBypassCSP(!policy);
  await page.setViewport({ width: view.width, height: 1000 });
  await page.emulateMediaType(view.media ?? "screen");
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
  await page.goto(own, { waitUntil: "networkidle0" });
  return { page, found };
}

// Runs in the page: what is wrong with the document itself.
function inspect() {
  const found = [];
  const csp = document.querySelector('head > meta[http-equiv="Content-Security-Policy"]')?.content ?? "";
  if (!/(^|;)\s*default-src 'none'(;|$)/.test(csp) || /script-src|unsafe-/.test(csp)) found.push(`csp: ${csp || "none"}`);
  for (const e of document.querySelectorAll("*")) {
    const scripted = e.localName === "script" || [...e.attributes].some((a) => a.name.startsWith("on") || /^\s*javascript:/i.test(a.value));
    if (scripted) found.push(`script: ${e.outerHTML.slice(0, 120)}`);
  }
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) found.push(`overflow: ${root.scrollWidth} px in ${window.innerWidth}`);
  // What is cut off at the edge widens no page, so it is looked for by itself.
  const scrolls = (e) => e && e !== root && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  for (const e of document.body.querySelectorAll("*")) {
    const right = e.getBoundingClientRect().right;
    if (right > window.innerWidth + 1 && !scrolls(e.parentElement)) found.push(`clipped: ${e.outerHTML.slice(0, 120)} ends at ${right} px`);
  }
  return found;
}

// What is wrong with a file in a view; empty when nothing is.
async function complaints(browser, file, view) {
  const { page, found } = await open(browser, file, view, { policy: true });
  found.push(...(await page.evaluate(inspect)));
  await page.evaluate(axe);
  const result = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values } }), tags);
  if (result.testEngine.version !== "4.14.1") throw new Error(`axe-core ${result.testEngine.version} ran, want 4.14.1`);
  for (const v of result.violations) {
    found.push(`axe ${v.id}: ${v.nodes.length} of them, first ${v.nodes[0].html.slice(0, 160)}: ${v.nodes[0].failureSummary}`);
  }
  const undecided = result.incomplete.filter((r) => !view.open?.includes(r.id));
  found.push(...undecided.map((r) => `undecided ${r.id}: ${r.nodes.length} of them, first ${r.nodes[0].html.slice(0, 160)}`));
  await page.close();
  return { found, passes: result.passes.length };
}

// The faults this script looks for: the start of the complaint, and how to sow one.
const faults = [
  ["axe html-has-lang:", /<html lang="en">/, "<html>"],
  ["axe empty-heading:", /(<h2[^>]*>)[^]*?(<\/h2>)/, "$1$2"],
  ["axe color-contrast:", /<\/style>/, "p { color: #ddd; background: #eee } $&"],
  ["csp:", /<meta http-equiv="Content-Security-Policy"[^>]*>/, ""],
  ["script:", /<\/main>/, '<p onclick="0">Click.</p> $&'],
  ["request:", /<\/main>/, '<img src="https://tracker.invalid/dot" alt="A dot"> $&'],
  ["overflow:", /<\/main>/, '<div style="width: 2000px">Wide.</div> $&'],
  ["clipped: <p", /<\/main>/, '<div style="overflow: hidden"><p style="width: 2000px">Cut off.</p></div> $&'],
];

// Writes a twin of the report with faults sown.
function seed(name, sown) {
  let html = readFileSync(report, "utf8");
  for (const [mark, pattern, replacement] of sown) {
    const bad = html.replace(pattern, replacement);
    if (bad === html) throw new Error(`the fault "${mark}" could not be sown: ${pattern} is not in the page`);
    html = bad;
  }
  const file = join(work, name);
  writeFileSync(file, html);
  return file;
}

// Sows every fault, and tells which of them the checks did not see.
async function missed(browser) {
  const found = [];
  const twin = await complaints(browser, seed("twin.html", faults), views[2]);
  for (const [mark] of faults) {
    if (!twin.found.some((f) => f.startsWith(mark))) found.push(`the checks let the fault "${mark}" pass`);
  }
  // A style that the policy's digest does not cover.
  const styled = await complaints(browser, seed("style.html", [["console:", /<\/style>/, "p { margin: 0 } $&"]]), views[0]);
  if (!styled.found.some((f) => f.startsWith("console:"))) found.push("the policy lets a foreign style pass");
  if (found.length === 0) console.log(`   ${faults.length + 1} faults sown, each reported`);
  return found;
}

const failures = [];
const browser = await puppeteer.launch({ executablePath: chromium, args: flags, userDataDir: join(work, "profile") });
try {
  for (const view of views) {
    const { found, passes } = await complaints(browser, report, view);
    failures.push(...found.map((f) => `${view.name}: ${f}`));
    console.log(`   ${view.name}: ${found.length} complaints, ${passes} rules passed`);
  }
  // A policy hides what a page would ask for if it could: look without it as well.
  const bare = await open(browser, report, views[0], { policy: false });
  failures.push(...bare.found.map((f) => `without its policy: ${f}`));

  // Only a page without a fault of its own shows which of the sown ones are seen.
  if (failures.length === 0) failures.push(...(await missed(browser)));
} finally {
  await browser.close();
}
if (failures.length > 0) {
  console.error(failures.map((f) => `FAILED: ${f}`).join("\n"));
  process.exit(1);
}
