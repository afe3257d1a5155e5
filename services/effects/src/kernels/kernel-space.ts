import { AppError } from "@pixelmesh/errors";
import { type EffectKernels, effectKernels } from "./effect-kernels.ts";
import type { KernelModule } from "./kernel-module.ts";

/** Numbers that a kernel reads. */
export type Table = Float64Array | Float32Array | Int32Array | Uint8Array;

/** The kernels of one piece of work, and their memory. An address is a number of bytes; those returned here are multiples of 16. */
export type KernelSpace = {
  readonly kernels: EffectKernels;
  /** Returns the kernels of another module over the same memory. */
  use<K>(module: KernelModule<K>): K;
  /** Returns the address of so many bytes, set to 0. Throws OUT_OF_MEMORY. */
  allocate(bytes: number): number;
  /** Returns the address of a copy of the table. The same table is copied once. Throws OUT_OF_MEMORY. */
  constant(table: Table): number;
  /** Returns memory as bytes. The next `allocate` or `constant` may detach them. */
  bytes(address: number, length: number): Uint8Array;
  /** Ends the work. Nothing of this space may be used afterwards. */
  close(): void;
};

const pageBytes = 65_536;
// The kernels' constants lie in the first page.
const firstAddress = pageBytes;
// Kernels read and write some values past the end of a row.
const slackBytes = 64;
const maxSpare = 2;
const maxSpareBytes = 8 * 1024 * 1024;
const idleMs = 10_000;

type Instance = {
  readonly memory: WebAssembly.Memory;
  readonly kernels: EffectKernels;
  readonly modules: Map<KernelModule<unknown>, unknown>;
};

// Spaces of earlier work: new memory would cost page faults, and a collection after some of it. At most 16 MiB in each thread, and none after 10 s
// without use.
let spare: Instance[] = [];
let timer: NodeJS.Timeout | undefined;

/** Opens a space: the memory of earlier work if some is free. Memory grows with what is allocated. */
export function openKernelSpace(): KernelSpace {
  const instance = spare.pop() ?? createInstance();
  const { memory, kernels, modules } = instance;
  const constants = new Map<Table, number>();
  let end = firstAddress;
  const reserve = (bytes: number): number => {
    const address = end;
    end += Math.ceil((bytes + slackBytes) / 16) * 16;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) grow(memory, missing);
    return address;
  };
  return {
    kernels,
    use<K>(module: KernelModule<K>): K {
      const created = (modules.get(module) as K | undefined) ?? module.instantiate(memory);
      modules.set(module, created);
      return created;
    },
    allocate(bytes) {
      const address = reserve(bytes);
      new Uint8Array(memory.buffer, address, bytes).fill(0);
      return address;
    },
    constant(table) {
      const known = constants.get(table);
      if (known !== undefined) return known;
      const address = reserve(table.byteLength);
      const source = new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
      new Uint8Array(memory.buffer, address, table.byteLength).set(source);
      constants.set(table, address);
      return address;
    },
    bytes: (address, length) => new Uint8Array(memory.buffer, address, length),
    close() {
      keep(instance);
    },
  };
}

function grow(memory: WebAssembly.Memory, bytes: number): void {
  try {
    memory.grow(Math.ceil(bytes / pageBytes));
  } catch (cause) {
    throw new AppError("OUT_OF_MEMORY", `No further ${bytes} bytes of memory for the effects of a picture`, { cause });
  }
}

function keep(instance: Instance): void {
  if (spare.length >= maxSpare || instance.memory.buffer.byteLength > maxSpareBytes) return;
  spare.push(instance);
  timer ??= setTimeout(() => {
    timer = undefined;
    spare = [];
  }, idleMs).unref();
  timer.refresh();
}

function createInstance(): Instance {
  const memory = new WebAssembly.Memory({ initial: 16 });
  return { memory, kernels: effectKernels.instantiate(memory), modules: new Map() };
}
