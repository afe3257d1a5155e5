/**
 * `node bullmq_jobs.mjs worker` runs jobs: one effect (grey with more contrast) on a small picture, PNG in and out.
 * `node bullmq_jobs.mjs client` reads {"picturePath", "jobs", "inFlight"} as JSON lines, runs that many jobs and prints their median time.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.env.PEERS_DIR}/node/package.json`);
const { Queue, QueueEvents, Worker } = require("bullmq");
const sharp = require("sharp");
const connection = { host: "127.0.0.1", port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
const jobLimitMs = 60_000;

async function work() {
  const apply = async ({ data: { picture, contrast } }) => {
    const grey = sharp(Buffer.from(picture, "base64")).greyscale();
    return (
      await grey
        .linear(contrast, 128 * (1 - contrast))
        .png()
        .toBuffer()
    ).toString("base64");
  };
  new Worker("tiny", apply, { connection, concurrency: 16 });
}

async function request() {
  const queue = new Queue("tiny", { connection });
  const events = new QueueEvents("tiny", { connection });
  await events.waitUntilReady();
  let contrast = 1;
  for await (const line of createInterface({ input: process.stdin })) {
    const { picturePath, jobs, inFlight } = JSON.parse(line);
    const picture = (await readFile(picturePath)).toString("base64");
    const timesMs = [];
    let left = jobs;
    const runNext = async () => {
      while (left-- > 0) {
        contrast += 1e-4;
        const startMs = performance.now();
        const job = await queue.add("effect", { picture, contrast }, { removeOnComplete: 1_000 });
        await job.waitUntilFinished(events, jobLimitMs);
        timesMs.push(performance.now() - startMs);
      }
    };
    const answer = await Promise.all(Array.from({ length: inFlight }, runNext)).then(
      () => ({ p50Ms: timesMs.sort((a, b) => a - b)[timesMs.length >> 1] }),
      (error) => ({ error: String(error) }),
    );
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

await (process.argv[2] === "worker" ? work() : request());
