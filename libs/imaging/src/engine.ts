import { isMainThread } from "node:worker_threads";
import sharp from "sharp";

// Hardened where it is first imported, so that no way through this package reaches an unguarded libvips. Every loader
// is blocked, then those we serve are let in again, from memory only; raw pixels need no loader. From files only libvips'
// own format is read: those are our own, and users' bytes never become files with names that libvips is given.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpegBuffer",
    "VipsForeignLoadPngBuffer",
    "VipsForeignLoadWebpBuffer",
    "VipsForeignLoadHeifBuffer",
    "VipsForeignLoadNsgifBuffer",
    "VipsForeignLoadVipsFile",
  ],
});
// Requests do not repeat each other's operations, and a cache would keep their pixels alive.
sharp.cache(false);
// Of the whole process: a thread must not undo what its process has configured.
if (isMainThread) sharp.concurrency(1);

let tiffUnblocked = false;

/** Lets libvips read TIFF in this process from now on. Only for files whose limits allow it. */
export function unblockTiff(): void {
  if (tiffUnblocked) return;
  sharp.unblock({ operation: ["VipsForeignLoadTiffBuffer"] });
  tiffUnblocked = true;
}

/** How libvips works in this process. */
export type ImagingOptions = {
  /** Threads of one libvips operation, 1 to 64; 1 until this is called. Operations in flight multiply it. */
  readonly threads: number;
};

/** Sets the threads of libvips for this process; a service calls it once from its configuration. Throws RangeError outside 1 to 64. */
export function configureImaging(options: ImagingOptions): void {
  if (!Number.isInteger(options.threads) || options.threads < 1 || options.threads > 64) {
    throw new RangeError(`Expected threads to be an integer from 1 to 64, got ${options.threads}`);
  }
  sharp.concurrency(options.threads);
}

export { sharp };
