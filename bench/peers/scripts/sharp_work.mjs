/**
 * A straight sharp script. Reads a JSON line for each piece of work and writes one when it is done:
 * {"task":"prescale","paths":[…],"sidePx":512,"quality":85,"inFlight":8} or {"task":"preview","paths":[…],"sidePx":300,"quality":85}.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const sharp = createRequire(`${process.env.PEERS_DIR}/node/package.json`)("sharp");

/** sharp shrinks a JPEG while it loads it. */
const scale = (picture, { sidePx, quality }) =>
  sharp(picture).resize(sidePx, sidePx, { fit: "inside", withoutEnlargement: true }).jpeg({ quality });

const tasks = {
  async prescale(request) {
    let next = 0;
    let bytes = 0;
    const runNext = async () => {
      while (next < request.paths.length) {
        const path = request.paths[next++];
        bytes += (await scale(path, request).toBuffer()).length;
      }
    };
    await Promise.all(Array.from({ length: request.inFlight }, runNext));
    return { bytes };
  },
  async preview(request) {
    let bytes = 0;
    for (const path of request.paths)
      bytes += (
        await scale(await readFile(path), request)
          .greyscale()
          .toBuffer()
      ).length;
    return { bytes };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer = await tasks[request.task](request).catch((error) => ({ error: String(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
