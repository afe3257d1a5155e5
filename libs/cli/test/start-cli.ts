import { writeFileSync } from "node:fs";
import { createFrame, encodeFrame } from "@pixelmesh/imaging";
import { ImageFormat } from "@pixelmesh/proto";
import { runCli } from "../src/program.ts";

/** Runs a command line in this process. Returns exit code, texts, and a function that interrupts it. */
export function startCli(
  args: readonly string[],
  onErr: (text: string) => void = () => {},
  env: NodeJS.ProcessEnv = {},
) {
  const stop = new AbortController();
  const texts = { out: "", err: "" };
  const done = runCli(args, {
    env: { ...process.env, ...env },
    stdout: { write: (text) => (texts.out += text) },
    stderr: {
      write(text) {
        texts.err += text;
        onErr(text);
      },
    },
    stopping: stop.signal,
    forced: new AbortController().signal,
  });
  return { stop, done: done.then((exitCode) => ({ exitCode, ...texts })) };
}

/** A PNG with a gradient, different for each `seed`. */
export async function writePicture(path: string, widthPx = 120, heightPx = 80, seed = 0): Promise<string> {
  const frame = createFrame(widthPx, heightPx, 3);
  for (let i = 0; i < frame.data.length; i += 1) frame.data[i] = (i * 7 + seed * 31 + (i % 5) * 40) % 256;
  const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
  writeFileSync(path, (await encodeFrame(frame, png)).bytes);
  return path;
}
