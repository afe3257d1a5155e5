import { readFileSync } from "node:fs";
import { AppError } from "@pixelmesh/errors";
import type { AlphaKernels } from "./alpha-kernels.ts";
import type { BleedKernels } from "./bleed-kernels.ts";
import type { FinishKernels } from "./finish-kernels.ts";
import { type MeansKernels, slackBytes } from "./means-kernels.ts";

/** All kernels of an upscale (kernels/upscale.ts). */
export type UpscaleKernels = MeansKernels & FinishKernels & BleedKernels & AlphaKernels;

/** The kernels of one picture, and their memory. An address is a number of bytes; those returned here are multiples of 16, and never 0. */
export type KernelSpace = {
  readonly kernels: UpscaleKernels;
  /** Returns the address of so many bytes, and of `slackBytes` behind them, with any content. Throws OUT_OF_MEMORY. */
  allocate(bytes: number): number;
  /** Returns the address of a copy of these numbers. The bytes behind it are 0. Throws OUT_OF_MEMORY. */
  constant(table: ArrayBufferView): number;
  /** Returns memory as bytes. The next `allocate` or `constant` may detach them. */
  bytes(address: number, length: number): Uint8Array;
  /** Copies bytes to an address. */
  write(address: number, bytes: Uint8Array): void;
  /** Sets bytes to 0. */
  clear(address: number, length: number): void;
  /** Writes addresses one after another, of 4 bytes each. */
  writeAddresses(address: number, values: readonly number[]): void;
  /** Ends the work. Nothing of this space may be used afterwards. A space that is not closed is collected as garbage. */
  close(): void;
};

const pageBytes = 65_536;
// The kernels' constants lie in the first page.
const firstAddress = pageBytes;
const growthBytes = 1024 * 1024;
const maxSpareBytes = 8 * 1024 * 1024;
const maxSpareSumBytes = 16 * 1024 * 1024;
const idleMs = 10_000;

type Instance = { readonly memory: WebAssembly.Memory; readonly kernels: UpscaleKernels };

// Spaces of earlier pictures: new memory would cost page faults. At most 16 MiB, and none after 10 s without use.
let spare: Instance[] = [];
let timer: NodeJS.Timeout | undefined;
let compiled: WebAssembly.Module | undefined;

/** Opens a space: the memory of an earlier picture if some is free. Memory grows with what is allocated. */
export function openKernelSpace(): KernelSpace {
  const instance = spare.pop() ?? createInstance();
  const { memory, kernels } = instance;
  let end = firstAddress;
  // Views of the whole memory, made again after it has grown.
  let [all, words] = [new Uint8Array(memory.buffer), new Uint32Array(memory.buffer)];
  const allocate = (bytes: number): number => {
    const address = end;
    end += Math.ceil((bytes + slackBytes) / 16) * 16;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) {
      grow(memory, missing);
      [all, words] = [new Uint8Array(memory.buffer), new Uint32Array(memory.buffer)];
    }
    return address;
  };
  return {
    kernels,
    allocate,
    constant(table) {
      const address = allocate(table.byteLength);
      all.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), address);
      all.fill(0, address + table.byteLength, address + table.byteLength + slackBytes);
      return address;
    },
    bytes: (address, length) => new Uint8Array(memory.buffer, address, length),
    write: (address, bytes) => all.set(bytes, address),
    clear: (address, length) => void all.fill(0, address, address + length),
    writeAddresses: (address, values) => words.set(values, address / 4),
    close: () => keep(instance),
  };
}

function grow(memory: WebAssembly.Memory, missingBytes: number): void {
  try {
    memory.grow(Math.ceil(Math.max(missingBytes, growthBytes) / pageBytes));
  } catch (cause) {
    throw new AppError("OUT_OF_MEMORY", `No further ${missingBytes} bytes of memory for the upscale of a picture`, {
      cause,
    });
  }
}

function keep(instance: Instance): void {
  const bytes = instance.memory.buffer.byteLength;
  const spareBytes = spare.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0);
  if (bytes > maxSpareBytes || spareBytes + bytes > maxSpareSumBytes) return;
  spare.push(instance);
  timer ??= setTimeout(() => {
    timer = undefined;
    spare = [];
  }, idleMs).unref();
  timer.refresh();
}

function createInstance(): Instance {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./upscale.wasm", import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: 2 });
  const kernels = new WebAssembly.Instance(compiled, { env: { memory } }).exports as UpscaleKernels;
  return { memory, kernels };
}
