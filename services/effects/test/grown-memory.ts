/** Runs some work and resolves to the bytes that memories of WebAssembly grow by meanwhile. Memory that is there before the work is not counted. */
export async function grownBytes(work: () => Promise<unknown>): Promise<number> {
  const { grow } = WebAssembly.Memory.prototype;
  let pages = 0;
  WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, delta: number) {
    pages += delta;
    return grow.call(this, delta);
  };
  try {
    await work();
  } finally {
    WebAssembly.Memory.prototype.grow = grow;
  }
  return pages * 65_536;
}
