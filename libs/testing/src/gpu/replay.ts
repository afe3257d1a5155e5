import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Outputs of the replayed program for each kind of query, or a message and an exit code. */
export type Replayed = {
  /** Lines of `--query-gpu`, printed again at every interval. */
  readonly gpus?: readonly string[];
  /** A message, printed once instead of readings; then the program ends with `exit`. */
  readonly message?: string;
  readonly exit?: number;
  /** Whether it prints nothing after the first lines, as with a hanging driver. */
  readonly hangs?: boolean;
  /** Whether it refuses the field for MIG, as older drivers do. */
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
if (now.message !== undefined) finish(now.message + "\\n", now.exit ?? 0);
else if (asked.startsWith("--query-compute-apps")) finish(now.apps ?? "", 0);
else if (asked === "-L") finish(now.list ?? "", 0);
else if (asked === "-q -x") finish(now.xml ?? "", 0);
else if (now.isOld && asked.includes("mig.mode.current"))
  finish('Field "mig.mode.current" is not a valid field to query.\\n\\n', 2);
else {
  const print = () => {
    const { gpus = [], message, exit = 0 } = read();
    if (message !== undefined) return finish(message + "\\n", exit);
    process.stdout.write(gpus.map((line) => line + "\\n").join(""));
  };
  print();
  setInterval(now.hangs ? () => {} : print, Number(args[args.indexOf("-lms") + 1]));
}
`;

/** Creates a folder with an \`nvidia-smi\` that replays these outputs. Its disposal removes the folder. */
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
    /** Removes the tool. */
    uninstall: () => rmSync(path),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
