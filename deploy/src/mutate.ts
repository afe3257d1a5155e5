import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isAlert, readRules } from "./rules.ts";

/**
 * Mutation test of the rules: loosens every threshold of every alert by 10 %, one at a time, and runs promtool's tests. Each mutant
 * must fail at least one test. Prints the mutants that survive and then exits with code 1.
 */
const run = promisify(execFile);

/** Matches a comparison with a number in an expression. */
const comparison = /(>=|<=|>|<|==)\s*\(?(\d+(?:\.\d+)?)(?:\s*\*\s*0\.01\))?/g;

type Mutant = { readonly file: string; readonly what: string; readonly text: string };

function* mutants(): Generator<Mutant> {
  for (const { name: file, text, groups } of readRules()) {
    for (const rule of groups.flatMap(({ rules }) => rules).filter(isAlert)) {
      for (const found of rule.expr.matchAll(comparison)) {
        const [whole, operator = "", number = ""] = found;
        if (operator === "==" || Number(number) === 0) continue;
        const looser = Number(number) * (operator.startsWith(">") ? 1.1 : 0.9);
        const changed = whole.replace(number, String(Number(looser.toPrecision(6))));
        const from = rule.expr.lastIndexOf("\n", found.index) + 1;
        const line = lineOf(rule.expr, from);
        const at = text.indexOf(line, text.indexOf(`alert: ${rule.alert}`)) + found.index - from;
        const label = rule.labels.long ? `${rule.alert} ${rule.labels.long}` : rule.alert;
        yield {
          file,
          what: `${label}: ${whole} -> ${changed}`,
          text: text.slice(0, at) + changed + text.slice(at + whole.length),
        };
      }
    }
  }
}

/** Returns the line of a text that begins at a character. */
function lineOf(text: string, from: number): string {
  const to = text.indexOf("\n", from);
  return text.slice(from, to < 0 ? text.length : to);
}

/** Whether the tests of the mutant's file still pass, run on a copy of the rules. */
async function survives({ file, what, text }: Mutant): Promise<boolean> {
  const original = readRules().find(({ name }) => name === file)?.text ?? "";
  if (text === original) throw new Error(`Expected the mutant "${what}" to differ from its source`);
  const dir = mkdtempSync(`${tmpdir()}/pixelmesh-rules-`);
  try {
    cpSync(fileURLToPath(new URL("../prometheus/", import.meta.url)), dir, { recursive: true });
    writeFileSync(`${dir}/rules/${file}`, text);
    const tests = readdirSync(`${dir}/tests`).filter((name) => name.startsWith(file.replace("yaml", "")));
    return await run("promtool", ["test", "rules", ...tests.map((name) => `${dir}/tests/${name}`)]).then(
      () => true,
      () => false,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const survivors: string[] = [];
let count = 0;
const left = mutants();
// promtool uses one core, so one process runs for each core.
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const mutant of left) {
      count += 1;
      if (await survives(mutant)) survivors.push(mutant.what);
    }
  }),
);
for (const survivor of survivors) process.stdout.write(`survived: ${survivor}\n`);
const detected = `${count - survivors.length} detected by a test`;
process.stdout.write(`${count} thresholds loosened by 10 %, one at a time: ${detected}\n`);
process.exitCode = survivors.length > 0 || count === 0 ? 1 : 0;
