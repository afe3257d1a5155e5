import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the program prints: for each kind of query its output, or its last words and exit code. */
export type Replayed = {
  /** Lines of `--query-gpu`, printed again at every interval. */
  readonly gpus?: readonly string[];
  /** Printed once instead, then the program ends with `exit`. */
  readonly words?: string;
  readonly exit?: number;
  /** Goes silent after the first lines, as on a driver that hangs. */
  readonly hangs?: boolean;
  /** Like a driver before MIG: refuses that field. */
  readonly isOld?: boolean;
  readonly apps?: string;
  readonly list?: string;
  readonly xml?: string;
};

const program = `#!${process.execPath}
const { readFileSync } = require("node:fs");
const read = () => JSON.parse(readFileSync(__dirname + "/replayed.json", "utf8"));
const args = process.argv.slice(2);
const asked = args.join(" ");
const finish = (text, code) => process.stdout.write(text, () => process.exit(code));
const now = read();
if (now.words !== undefined) finish(now.words + "\\n", now.exit ?? 0);
else if (asked.startsWith("--query-compute-apps")) finish(now.apps ?? "", 0);
else if (asked === "-L") finish(now.list ?? "", 0);
else if (asked === "-q -x") finish(now.xml ?? "", 0);
else if (now.isOld && asked.includes("mig.mode.current"))
  finish('Field "mig.mode.current" is not a valid field to query.\\n\\n', 2);
else {
  const print = () => {
    const { gpus = [], words, exit = 0 } = read();
    if (words !== undefined) return finish(words + "\\n", exit);
    process.stdout.write(gpus.map((line) => line + "\\n").join(""));
  };
  print();
  setInterval(now.hangs ? () => {} : print, Number(args[args.indexOf("-lms") + 1]));
}
`;

/** A folder for PATH with an \`nvidia-smi\` that replays what was recorded; \`dispose\` removes it. */
export function createReplay(first: Replayed) {
  const dir = mkdtempSync(join(tmpdir(), "nvidia-smi-"));
  const path = join(dir, "nvidia-smi");
  const replay = (replayed: Replayed) => {
    writeFileSync(join(dir, "next.json"), JSON.stringify(replayed));
    renameSync(join(dir, "next.json"), join(dir, "replayed.json"));
  };
  const install = () => {
    writeFileSync(path, program);
    chmodSync(path, 0o755);
  };
  replay(first);
  install();
  return {
    dir,
    path,
    replay,
    install,
    /** The tool is gone from the machine. */
    uninstall: () => rmSync(path),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
