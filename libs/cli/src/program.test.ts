import { expect, test } from "vitest";
import { commands } from "./commands/index.ts";
import { toShortSize, toShortTime, toTable, withSizes } from "./format/text.ts";
import { runCli } from "./program.ts";

const run = (...args: string[]) => runIn({}, ...args);

async function runIn(env: Record<string, string>, ...args: string[]) {
  let [out, err] = ["", ""];
  const exitCode = await runCli(args, {
    env,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    stopping: new AbortController().signal,
    forced: new AbortController().signal,
  });
  return { exitCode, out, err };
}

test.each([
  [["run"], "missing required argument 'picture'"],
  [["run", "a.png", "--upscale", "5"], "Expected `--upscale` to be one of 2, 3, 4, got `5`"],
  [["run", "a.png", "--upscale"], "option '--upscale <factor>' argument missing"],
  [["run", "a.png", "--max-side", "15"], "Expected `--max-side` to be an integer from 16 to 16384, got `15`"],
  [["run", "a.png", "--max-side", "1e3"], "Expected `--max-side` to be an integer from 16 to 16384, got `1e3`"],
  [["run", "a.png", "--format", "gif"], "Expected `--format` to be one of auto, jpeg, png, webp, avif, got `gif`"],
  [["run", "a.png", "--quality", "best"], "Expected `--quality` to be one of auto, high, balanced, fast, got `best`"],
  [["run", "a.png", "--priority", "low"], "Expected `--priority` to be one of interactive, batch, got `low`"],
  [
    ["run", "a.png", "--address", "localhost"],
    "Expected `--address` to be HOST:PORT or dns:///HOST:PORT, got `localhost`",
  ],
  [["run", "a.png", "b.png", "-o", "x.png"], "Expected `-o` to be used with one output"],
  [
    ["run", "a.png", "--background", "nowhere.png"],
    "Expected `--background` to be a colour such as #rrggbb or white, gradient:…, blur:N or the path of a picture that exists",
  ],
  [["run", "a.png", "--embellish"], "unknown option '--embellish'"],
  [["up", "--models-dir", "nowhere"], "Expected `--models-dir` to be a directory that exists, got `nowhere`"],
  [["jobs", "list", "--limit", "0"], "Expected `--limit` to be an integer from 1 to 100000, got `0`"],
  [["top", "--interval", "0"], "Expected `--interval` to be an integer from 1 to 3600, got `0`"],
  [["jobs", "get"], "missing required argument 'id'"],
  [["jobs", "cancel"], "Expected ids of jobs, or --label"],
  [["jobs", "cancel", "j", "--label", "a"], "Expected ids of jobs or flags that choose them, got both"],
  [["jobs", "cancel", "--state", "running"], "unknown option '--state'"],
  [["jobs", "retry", "--state", "running"], "Expected `--state` to be one of failed, cancelled, got `running`"],
  [["jobs", "list", "--label", "a b"], "Expected `--label` to be 1 to 63 letters, digits or . _ - / :, got `a b`"],
  [["jobs", "list", "--reason", "deadline"], "got `deadline`. Did you mean `DEADLINE_EXCEEDED`?"],
  [["jobs", "list", "--operation", "upscal"], "got `upscal`. Did you mean `upscale`?"],
  [["jobs", "list", "--since", "yesterday"], "Expected `--since` to be a duration such as 90s, 2h or 3d, or a time"],
  [["jobs", "list", "--since", "1h", "--until", "2h"], "Expected `--since` to be before --until"],
  [["dlq", "drop", "all"], "Expected `sequence` to be an integer from 1 to"],
  [["config", "nothing"], "Expected `service` to be one of ingest"],
  [["fly"], "unknown command 'fly'"],
  [["rum"], "Did you mean run?"],
  [["jobs", "lst"], "Did you mean list?"],
  [["run", "a.png", "--upscal", "2"], "Did you mean --upscale?"],
  [["run", "a.png"], "Expected something to do: --upscale"],
  [["run", "a.png", "--format", "wepb"], "got `wepb`. Did you mean `webp`?"],
  [["run", "a.png", "--upscale", "2", "-o", "x.gif"], "Expected `-o` to be a name that ends with .jpg"],
  [["run", "a.png", "--upscale", "2", "-o", "nowhere/x.png"], "Expected `-o` to be in a directory that exists"],
  [["run", "a.png", "--upscale", "2", "-o", "package.json/x.png"], "Expected `-o` to be in a directory that exists"],
  [["run", "a.png", "--upscale", "2", "-o", ""], "Expected `-o` to be the name of a file"],
  [
    ["run", "a.png", "--upscale", "2", "-o", "/proc/x.png"],
    "Expected `-o` to be in a directory that can be written to",
  ],
  [["run", "a.png", "--upscale", "2", "-o", `${"x".repeat(300)}.png`], "it is too long"],
  [["run", "a.png", "--upscale", "2", "--out-dir", "/proc/x/y"], "Expected `--out-dir` to be a directory"],
  [["run", "a.png", "--upscale", "2", "--deadline", "0s"], "Expected `--deadline` to be a duration such as 90s"],
  [["run", "a.png", "--upscale", "2", "--deadline", "25h"], "from 1s to 24h, got `25h`"],
  [["run", "a.png", "--upscale", "2", "--jobs", "0"], "Expected `--jobs` to be an integer from 1 to 64"],
  [
    ["run", "a.png", "--upscale", "2", "--encode-quality", "101"],
    "Expected `--encode-quality` to be an integer from 1",
  ],
  [["run", "a.png", "--background", "whit"], "got `whit`. Did you mean `white`?"],
  [["status", "--tenant", "a/b"], "Expected `--tenant` to be 1 to 64 letters, digits, - or _, got `a/b`"],
  [["completion", "tcsh"], "Expected `shell` to be one of bash, zsh, fish"],
  [["jobs", "list", "--state", "\u001b[31mrunning"], "got `\\u001b[31mrunning`"],
])("`pixelmesh %j` is a usage error", async (args, text) => {
  const { exitCode, out, err } = await run(...args);
  expect(err).toContain(text);
  expect(out).toBe("");
  expect(exitCode).toBe(2);
});

test("the hint names the called command", async () => {
  expect((await run("jobs", "list", "--limit", "0")).err).toMatch(/\nSee pixelmesh jobs list --help\n$/);
});

test("the address of the environment is checked when it is used, and a flag overrides it", async () => {
  const failing = await runIn({ PIXELMESH_ADDRESS: "127.0.0.1:1" }, "status");
  expect(failing.err).toContain("No mesh answers at 127.0.0.1:1.");
  const flag = await runIn({ PIXELMESH_ADDRESS: "127.0.0.1:1" }, "status", "--address", "127.0.0.1:2");
  expect(flag.err).toContain("No mesh answers at 127.0.0.1:2.");
  const wrong = await runIn({ PIXELMESH_ADDRESS: "nowhere" }, "status");
  expect(wrong.err).toContain("Expected `PIXELMESH_ADDRESS` to be HOST:PORT");
  expect(wrong.exitCode).toBe(2);
});

test("passwords and tokens in addresses are not printed", async () => {
  for (const address of ["nats://user:hunter2@host", "user:hunter2@host:1", `user:hunter2${"x".repeat(90)}@host`]) {
    const { err, exitCode } = await run("status", "--address", address);
    expect(err).toContain("Expected `--address` to be HOST:PORT or dns:///HOST:PORT, got `");
    expect([err.includes("hunter2"), exitCode]).toEqual([false, 2]);
  }
});

test("help succeeds and lists every command", async () => {
  const { exitCode, out } = await run("--help");
  expect(exitCode).toBe(0);
  for (const command of [
    "up",
    "run",
    "status",
    "stats",
    "top",
    "jobs",
    "batches",
    "models",
    "effects",
    "dlq",
    "config",
    "completion",
  ])
    expect(out).toContain(`  ${command} `);
});

test("each command of the help is the one that its name calls, whether it is loaded alone or with the others", async () => {
  const names = (await run("--help")).out.match(/(?<=^ {2})[a-z]+(?= )/gm) ?? [];
  expect(names.slice(0, -1)).toEqual(Object.keys(commands));
  for (const name of Object.keys(commands)) {
    const alone = await run(name, "--help");
    expect(alone.out).toMatch(new RegExp(`^Usage: pixelmesh ${name} `));
    expect(await run("help", name)).toEqual(alone);
  }
});

test("without a mesh, a command names the address and gives advice", async () => {
  const { exitCode, err } = await run("status", "--address", "127.0.0.1:1");
  expect(err).toBe("pixelmesh: SERVICE_UNAVAILABLE: No mesh answers at 127.0.0.1:1. Start one with `pixelmesh up`\n");
  expect(exitCode).toBe(1);
});

test("sizes and times have readable units", () => {
  expect([0, 1_023, 1_024, 3_250_586, 250 * 2 ** 20].map(toShortSize)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "3.1 MiB",
    "250 MiB",
  ]);
  expect([0, 999, 1_000, 59_949, 59_950, 250_000].map(toShortTime)).toEqual([
    "0 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 min 0 s",
    "4 min 10 s",
  ]);
});

test("numbers of bytes in a failure become sizes", () => {
  expect(withSizes("Expected up to 26214400 bytes, got 26214401 bytes")).toBe(
    "Expected up to 25 MiB, got 25.0 MiB (26214401 bytes)",
  );
  expect(withSizes("at most 16384 bytes of metadata, 100 bytes, 12345 pixels")).toBe(
    "at most 16 KiB of metadata, 100 bytes, 12345 pixels",
  );
});

test("a table's columns line up", () => {
  expect(
    toTable([
      ["A", "B", "C"],
      ["long", "x", ""],
    ]),
  ).toBe("A     B  C\nlong  x\n");
  expect(toTable([])).toBe("");
});
