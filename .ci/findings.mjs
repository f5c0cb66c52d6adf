// Holds a SARIF file to sarif-multitool, and sarif-multitool to seeded-bad twins.
// Usage: node findings.mjs FINDINGS_SARIF WORKDIR MULTITOOL
//
// The tool's exit code and closing words speak of success whatever it found, so
// only its own SARIF output counts. And it gives up without a word on a file it
// cannot load (an unknown level, a string for a number): no results at all then.
// Its notes are therefore asked for too. A file it has read draws some of them
// (every message with a text draws SARIF2002); silence is a refusal. Several files
// in one run would all fall silent with the first, so each has its own run.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [findings, work, multitool] = process.argv.slice(2);

// What is wrong with a file; empty when the validator read it and had no complaint.
function complaints(file) {
  const output = join(work, "validated.sarif");
  rmSync(output, { force: true });
  const args = ["validate", file, "--output", output, "--level", "Error;Warning;Note", "--log", "ForceOverwrite", "--quiet"];
  execFileSync(multitool, args, { stdio: ["ignore", "ignore", "inherit"] });
  const run = JSON.parse(readFileSync(output, "utf8")).runs[0];
  const driver = run.tool.driver.version;
  if (!driver.startsWith("5.7.0")) throw new Error(`sarif-multitool ${driver} ran, want 5.7.0`);

  const found = [];
  for (const invocation of run.invocations) {
    if (!invocation.executionSuccessful) found.push("execution failed");
    for (const kind of ["toolConfigurationNotifications", "toolExecutionNotifications"]) {
      for (const n of invocation[kind] ?? []) found.push(`${n.descriptor?.id}: ${n.message.text}`);
    }
  }
  let notes = 0;
  for (const result of run.results) {
    // A result without a level is a warning (SARIF 2.1.0, 3.27.10).
    if ((result.level ?? "warning") === "note") notes++;
    else found.push(`${result.ruleId}: ${(result.message.arguments ?? []).join(" ")}`);
  }
  if (notes === 0) found.push("silence: the validator gave the file up without a word");
  return found;
}

const seeds = {
  "a level that does not exist": ["silence", (run) => (run.results[0].level = "bogus")],
  "a result without a message": ["JSON1002", (run) => delete run.results[0].message],
  "a rule index past the end": ["SARIF1009", (run) => (run.results[0].ruleIndex = run.tool.driver.rules.length)],
  "a location that is no URI": ["SARIF1002", (run) => (run.results[0].locations[0].physicalLocation.artifactLocation.uri = "a b%zz")],
};

// Sows each fault in a twin of its own, and tells which the validator did not see.
function missed() {
  const found = [];
  for (const [what, [want, sow]] of Object.entries(seeds)) {
    const document = JSON.parse(readFileSync(findings, "utf8"));
    sow(document.runs[0]);
    const twin = join(work, "twin.sarif");
    writeFileSync(twin, JSON.stringify(document, null, 2));
    const seen = complaints(twin);
    if (!seen.some((c) => c.startsWith(want))) found.push(`the validator let ${what} pass (want ${want}): ${seen}`);
  }
  return found;
}

const failures = complaints(findings).map((c) => `findings.sarif: ${c}`);
// Only a file without a fault of its own shows which of the sown ones are seen.
if (failures.length === 0) failures.push(...missed());
if (failures.length > 0) {
  console.error(failures.map((f) => `FAILED: ${f}`).join("\n"));
  process.exit(1);
}
console.log(`   0 errors, 0 warnings; ${Object.keys(seeds).length} bad twins refused`);
