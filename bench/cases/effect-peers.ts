import { loadavg } from "node:os";
import { createFrameSource, decodePicture, defaultLimits, type Frame, type RowSink } from "@pixelmesh/imaging";
import { effectDescriptions, parseEffects } from "../../services/effects/src/domain/catalogue/catalogue.ts";
import { runChain } from "../../services/effects/src/domain/chain.ts";
import { toEffect } from "../../services/effects/test/pictures.ts";
import type { Comparison } from "../effects/comparisons/comparison.ts";
import { comparisons } from "../effects/comparisons.ts";
import { type Difference, difference, longestTurnMs, processMs, threadMs, timed } from "../effects/measure.ts";
import { type OpenCv, startOpenCv } from "../effects/opencv.ts";
import { describeRow, type PeerResult, type TableRow, writeTable } from "../effects/table.ts";
import { runVips, vipsVersion } from "../effects/vips.ts";
import { type Figure, report } from "../harness/report.ts";
import { toTiles } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const onlyEffects = process.env.EFFECTS?.split(",");
const turnRounds = 3;
const size = { widthPx: 3_840, heightPx: 2_160 };

/** The most that an effect may take, in times of its best peer for the same result. */
const ratioBound = 1.5;
/** The longest turn of an event loop. */
const turnBoundMs = 10;

/**
 * Measures every effect on a 4K picture, without decoding and encoding, against libvips, OpenCV and a straight loop for the same result: processor time
 * of one thread, in `ROUNDS` (5) interleaved rounds; and the longest turn of the event loop. `EFFECTS` selects effects by name. Writes
 * results/effect-peers.md too.
 */
export async function effectPeersCase(): Promise<boolean> {
  const { frame } = await decodePicture(await toTiles(size), defaultLimits);
  const openCv = await startOpenCv(frame);
  const rows: TableRow[] = [];
  const figures: Figure[] = [];
  let allAsStated = true;
  try {
    for (const comparison of comparisons) {
      if (onlyEffects && !onlyEffects.includes(comparison.effect)) continue;
      const row = await compare(comparison, frame, openCv);
      rows.push(row.row);
      figures.push(...row.figures);
      allAsStated = row.isAsStated && allAsStated;
    }
  } finally {
    await openCv?.close();
  }
  const missing = effectsWithoutComparison();
  if (missing.length > 0) console.log(`  !!! Not compared with any peer: ${missing.join(", ")}`);
  if (!onlyEffects) writeTable(rows, [...factsOf(frame, openCv, missing), await floorFact(frame)]);
  return report("effect-peers", figures) && allAsStated;
}

function effectsWithoutComparison(): string[] {
  const compared = new Set(comparisons.map(({ effect }) => effect));
  return effectDescriptions().flatMap(({ name }) => (compared.has(name) ? [] : [name]));
}

function factsOf({ widthPx, heightPx }: Frame, openCv: OpenCv | undefined, missing: readonly string[]): string[] {
  return [
    "Command: `make bench CASE=effect-peers`.",
    `The still life of examples/ as tiles of its own size, ${widthPx}×${heightPx}, decoded; medians of ${rounds} interleaved rounds; processor time of one thread.`,
    `Peers: ${vipsVersion}; ${openCv ? `OpenCV ${openCv.version}` : "**OpenCV is not installed** (`bash bench/peers/setup.sh opencv`)"}; a straight loop in JavaScript (\`bench/effects/loops/\`).`,
    `A ratio is ours over the best peer with the same result. Limit: ${ratioBound}. Differences are those of the best peer's bytes from ours.`,
    `The longest turn of the event loop is processor time of a warm run. Limit: ${turnBoundMs} ms.`,
    ...(missing.length > 0 ? [`Effects without a comparison yet: ${missing.join(", ")}.`] : []),
  ];
}

/** Says what every effect costs at least: the copies into the memory of the kernels, once inside, and out of it. */
async function floorFact(frame: Frame): Promise<string> {
  const { sink, out } = createSink(frame);
  const [chains, copies]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    chains.push(await timed(() => runChain(createFrameSource(frame), () => sink, []), threadMs));
    copies.push(await timed(() => out.set(frame.data), threadMs));
  }
  const [chainMs, copyMs] = [chains, copies].map((times) => median(times.slice(1)).toFixed(1));
  const text = `An empty chain takes ${chainMs} ms, one copy of the picture ${copyMs} ms.`;
  console.log(`  ${text}`);
  return `${text} The kernels of WebAssembly have a memory of their own, so every effect copies the picture into it and out of it. Peers read and write it where it lies.`;
}

/** One side of a comparison: its processor times by round. */
type Side = { readonly name: string; readonly run: () => Promise<number>; readonly times: number[] };

/** A peer, and how far its result lies from ours. */
type Peer = Side & { readonly differs: string | undefined; readonly apart: Difference };

async function compare(comparison: Comparison, frame: Frame, openCv: OpenCv | undefined) {
  const { effect, mode, settings, tolerance } = comparison;
  const chain = parseEffects([toEffect(effect, settings)]);
  const { sink, out } = createSink(frame);
  const ours = () => runChain(createFrameSource(frame), () => sink, chain);
  const firstTurnMs = await longestTurnMs(ours);
  const own: Side = { name: "ours", run: () => timed(ours, threadMs), times: [] };
  const wanted = out.slice();
  const peers = await openPeers(comparison, frame, openCv, (bytes) => difference(wanted, bytes, tolerance.levels));
  await runRounds([own, ...peers]);
  const turns: number[] = [];
  for (let round = 0; round < turnRounds; round++) turns.push(await longestTurnMs(ours));
  return judge({ ...comparison, name: mode === "" ? effect : `${effect}, ${mode}` }, own, peers, {
    firstTurnMs,
    turns,
  });
}

async function openPeers(
  { loop, vips, openCv: work }: Comparison,
  frame: Frame,
  openCv: OpenCv | undefined,
  compareBytes: (bytes: Uint8Array) => Difference,
): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  const add = (name: string, run: () => Promise<number>, differs: string | undefined, bytes: Uint8Array) =>
    peers.push({ name, run, times: [], differs, apart: compareBytes(bytes) });
  add("loop", () => timed(() => loop(frame), threadMs), undefined, loop(frame));
  if (vips) {
    const run = () => runVips(frame, vips.work);
    add("libvips", () => timed(run, processMs), vips.differs, await run());
  }
  if (openCv && work) add("OpenCV", () => openCv.run(work.work), work.differs, await openCv.resultOf(work.work));
  return peers;
}

/** The longest turns of a first and of later runs, in ms. */
type Turns = { readonly firstTurnMs: number; readonly turns: readonly number[] };

function judge(
  { name, tolerance, note }: Comparison & { readonly name: string },
  own: Side,
  peers: readonly Peer[],
  { firstTurnMs, turns }: Turns,
) {
  const isSame = ({ apart }: Peer) => apart.share <= tolerance.share;
  const isStated = (peer: Peer) => isSame(peer) === (peer.differs === undefined);
  for (const peer of peers.filter((one) => !isStated(one)))
    console.log(
      `  !!! ${name}: expected ${peer.name} to have ${isSame(peer) ? "another" : "the same"} result, got ${JSON.stringify(peer.apart)}`,
    );
  const best = peers.filter(isSame).sort((a, b) => median(a.times) - median(b.times))[0];
  if (best === undefined) throw new Error(`Expected a peer with the same result for ${name}, got none`);
  const ratio = spread(
    own.times.map((ms, round) => ms / (best.times[round] as number)),
    2,
  );
  const turnMs = median(turns);
  const results = peers.map(
    (peer): PeerResult => ({ peer: peer.name, ms: median(peer.times), difference: peer.apart, isSame: isSame(peer) }),
  );
  const row: TableRow = {
    ...{ name, oursMs: median(own.times), peers: results, ratio: ratio.median, turnMs },
    best: results[peers.indexOf(best)] as PeerResult,
    note: [note, ...peers.map((peer) => peer.differs && `${peer.name}: ${peer.differs}`)].filter(Boolean).join(" "),
  };
  console.log(`  ${describeRow(row)}`);
  const sides = peers.map(({ name: peer, times, apart, differs }) => ({ peer, ms: spread(times, 1), apart, differs }));
  const figures: Figure[] = [
    {
      ...{ name: `${name}: ours / ${best.name}`, value: ratio.median, unit: "×", bound: ratioBound },
      details: { rounds, load: loadavg()[0], ratio, oursMs: spread(own.times, 1), tolerance, peers: sides },
    },
    {
      ...{ name: `${name}: longest turn`, value: Number(turnMs.toFixed(1)), unit: "ms", bound: turnBoundMs },
      details: { firstMs: Number(firstTurnMs.toFixed(1)), laterMs: spread(turns, 1) },
    },
  ];
  return { row, figures, isAsStated: peers.every(isStated) };
}

function createSink({ widthPx, heightPx }: Frame): { readonly sink: RowSink; readonly out: Uint8Array } {
  const out = new Uint8Array(widthPx * heightPx * 3);
  const writeRows = async (y: number, rows: Uint8Array) => out.set(rows, y * widthPx * 3);
  return { sink: { widthPx, heightPx, channels: 3, writeRows }, out };
}

/** One unmeasured round for the compilers of V8, then rounds that each start with another side. */
async function runRounds(sides: readonly Side[]): Promise<void> {
  for (const { run } of sides) await run();
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length] as Side;
      side.times.push(await side.run());
    }
}
