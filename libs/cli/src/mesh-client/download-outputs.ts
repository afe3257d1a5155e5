import { join } from "node:path";
import { AppError, type OutputStatus, type Pixelmesh } from "@pixelmesh/client";
import { didYouMean, UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { toFormatWord } from "@pixelmesh/json-views";
import { escapeLine } from "../format/safe-text.ts";
import { toShortSize } from "../format/text.ts";
import type { CliIo } from "../io.ts";
import type { SavedOutput } from "../run/document.ts";
import { toFailure } from "../run/failure.ts";
import { toFileName } from "../run/output-paths.ts";
import { assertFolder, assertWritable, leadsToStdout } from "../run/output-target.ts";
import { isStdout } from "../run/standard-paths.ts";
import { writeOutput } from "../run/write-output.ts";
import { withMesh } from "./with-mesh.ts";

/** The options of `jobs download`. */
export type DownloadOptions = {
  readonly address: string;
  readonly output?: string;
  readonly outDir?: string;
  readonly json?: true;
};

/**
 * Runs `jobs download` and resolves with the exit code: 1 where an output could not be downloaded. Throws UsageError for a path that cannot
 * be written, JOB_NOT_FOUND, OUTPUT_NOT_FOUND, and OUTPUT_NOT_READY where no output is ready.
 */
export async function downloadOutputs(
  jobId: string,
  names: readonly string[],
  options: DownloadOptions,
  io: CliIo,
): Promise<number> {
  assertPlace(names, options, io);
  return withMesh(io, options.address, async (client) => {
    const chosen = choose(await listOutputs(client, jobId, io.stopping), names, jobId);
    if (options.output !== undefined && chosen.length > 1) {
      const known = chosen.map(({ name }) => name).join(", ");
      throw new UsageError(`Expected one output to be named for \`-o\`, because the job has ${known}`);
    }
    const saved: SavedOutput[] = [];
    let hasFailed = false;
    for (const { name } of chosen) {
      try {
        saved.push(await save(client, jobId, name, options, io));
      } catch (error) {
        hasFailed = true;
        const { reason, message } = toFailure(error);
        io.stderr.write(`${escapeLine(name)}: ${reason}: ${message}\n`);
      }
    }
    if (options.json) io.stdout.write(`${JSON.stringify(saved, null, 2)}\n`);
    else if (options.output === undefined || !leadsToStdout(options.output))
      io.stdout.write(saved.map(toLine).join(""));
    return hasFailed ? 1 : 0;
  });
}

function assertPlace(names: readonly string[], { output, outDir, json }: DownloadOptions, { streams }: CliIo): void {
  if (output !== undefined) {
    if (outDir !== undefined) throw new UsageError("Expected one of `-o` and `--out-dir`, got both");
    if (names.length > 1)
      throw wrongFlag("-o", `used with one output; there are ${names.length}, use --out-dir`, output);
    if (json && isStdout(output)) {
      throw new UsageError("Expected `--json` without `-o` to standard output: only one of them can go there");
    }
    if (output === "-" && streams === undefined) throw wrongFlag("-o", "a file: there is no standard output here", "-");
    assertWritable("-o", output);
    return;
  }
  assertFolder("--out-dir", outDir ?? ".");
}

async function listOutputs(client: Pixelmesh, jobId: string, signal: AbortSignal): Promise<readonly OutputStatus[]> {
  const { outputs } = await client.jobs.get(jobId, { signal });
  return outputs;
}

/** Returns the named outputs in any state, since the mesh explains why one is not available. Without names: all that are ready. */
function choose(outputs: readonly OutputStatus[], names: readonly string[], jobId: string): readonly OutputStatus[] {
  if (names.length === 0) {
    const ready = outputs.filter((output) => output.ready);
    if (ready.length > 0) return ready;
    throw new AppError(
      "OUTPUT_NOT_READY",
      `No output of job ${jobId} is ready. \`pixelmesh jobs watch ${jobId}\` waits`,
    );
  }
  const known = outputs.map(({ name }) => name);
  return [...new Set(names)].map((name) => {
    const found = outputs.find((output) => output.name === name);
    if (found !== undefined) return found;
    const text = `Job ${jobId} has no output \`${name}\`; known: ${known.join(", ")}${didYouMean(name, known)}`;
    throw new AppError("OUTPUT_NOT_FOUND", text);
  });
}

async function save(
  client: Pixelmesh,
  jobId: string,
  output: string,
  options: DownloadOptions,
  io: CliIo,
): Promise<SavedOutput> {
  const signal = io.stopping;
  const { header, chunks } = await client.jobs.download(jobId, output, { signal });
  const format = toFormatWord(header.format);
  const path = options.output ?? join(options.outDir ?? ".", toFileName(jobId, output, format));
  await writeOutput(path, chunks, { stdout: io.streams?.stdout, signal });
  const { widthPx: width, heightPx: height, sizeBytes: bytes, sha256 } = header;
  return { name: output, path, width, height, format, bytes, sha256 };
}

function toLine({ path, width, height, format, bytes }: SavedOutput): string {
  return `${escapeLine(path)}  ${width}x${height} ${format} ${toShortSize(bytes)}\n`;
}
