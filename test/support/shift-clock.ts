// Preloaded by `node --import`: shifts the wall clock of a process by SHIFT_CLOCK_MS. The monotonic clock is not shifted, as on a machine whose clock is wrong.
const shiftMs = Number(process.env.SHIFT_CLOCK_MS ?? "0");
const RealDate = Date;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + shiftMs] : args, newTarget),
  get: (target, key, receiver) => (key === "now" ? () => RealDate.now() + shiftMs : Reflect.get(target, key, receiver)),
});
