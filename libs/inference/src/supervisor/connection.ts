import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { AppError } from "@pixelmesh/errors";
import { createFrameReader, type WireFrame, writeFrame } from "../protocol/frames.ts";
import type { FromHost, ToHost } from "../protocol/messages.ts";
import type { HostEndReason } from "./events.ts";
import type { Log } from "./log.ts";
import { readOomKills } from "./oom-kills.ts";
import { openSocketPair, type SocketPair } from "./socket-pair.ts";
import { spawnHost } from "./spawn.ts";

type Asked = Extract<ToHost, { id: number }>;

/** A request that has no number yet. */
export type Request = Asked extends infer R ? (R extends Asked ? Omit<R, "id"> : never) : never;

/** A host's answer, with the bytes that came with it. */
export type Answer<T extends FromHost["type"]> = Extract<FromHost, { type: T }> & { readonly payload: Uint8Array };

/** How a request is asked. */
export type AskOptions = {
  readonly payload?: Uint8Array;
  /** Where the bytes of the answer go if they are as many; else to memory of their own. Not to be touched until it is settled. */
  readonly into?: Uint8Array | undefined;
  /** The longest silence while this is the oldest open request; then the process is killed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** A question that is no work: it does not count as pending. */
  readonly isBeat?: boolean;
};

type Open = {
  readonly settle: (answer: FromHost, payload: Uint8Array) => void;
  readonly fail: (error: AppError) => void;
  readonly timeoutMs: number;
  readonly isBeat: boolean;
  readonly into: Uint8Array | undefined;
  readonly slotId: string | null;
};

const ended = "The inference host ended while it was at work";

/** One life of a host process, from spawn to exit. */
export class HostLink {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #log: Log;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #lastWords: () => string;
  readonly #open = new Map<number, Open>();
  readonly #gone = Promise.withResolvers<void>();
  #lastId = 0;
  #usable = true;
  #alive = true;
  #endReason: HostEndReason | undefined;
  #killedFor = "";
  #oomKills = readOomKills();
  #silence: NodeJS.Timeout | undefined;

  /** Starts a process. */
  static async open(name: string, log: Log, gpuUuid?: string): Promise<HostLink> {
    const opened: { link?: HostLink } = {};
    const reader = createFrameReader({
      onFrame(frame) {
        if (opened.link) opened.link.#receive(frame);
      },
      findRoom: (header) => (opened.link ? opened.link.#findRoom(header as FromHost) : undefined),
    });
    opened.link = new HostLink(name, log, await openSocketPair(reader), gpuUuid);
    return opened.link;
  }

  private constructor(name: string, log: Log, { ours: socket, theirs }: SocketPair, gpuUuid?: string) {
    const onLine = (line: string) => log.debug({ host: name, line }, "inference host said");
    const { child, lastWords } = spawnHost(theirs, onLine, gpuUuid);
    theirs.destroy();
    this.pid = child.pid ?? 0;
    this.ended = this.#gone.promise;
    this.#name = name;
    this.#log = log;
    this.#child = child;
    this.#socket = socket;
    this.#lastWords = lastWords;
    socket.on("error", () => this.#drop("its socket failed"));
    // Its last answers are behind its exit: only a socket that is closed has given all it had.
    const { promise: drained, resolve: drain } = Promise.withResolvers<void>();
    socket.on("close", () => {
      this.#drop("its socket closed");
      drain();
    });
    child.on("error", (error) => this.#end(error.message));
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL" && readOomKills() > this.#oomKills) this.#endReason ??= "out_of_memory";
      void drained.then(() => this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /** Whether it may still be asked: not poisoned, not retired, not dead. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Whether the process is still there. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Why it ended, or is about to; `crashed` unless it was told to. */
  get endReason(): HostEndReason {
    return this.#endReason ?? "crashed";
  }

  /** Whether it died by itself: whoever starts another had better wait a little. */
  get failed(): boolean {
    return !this.#alive && ["crashed", "hung"].includes(this.endReason);
  }

  /** Pieces of work without an answer. */
  get pending(): number {
    let count = 0;
    for (const { isBeat } of this.#open.values()) if (!isBeat) count++;
    return count;
  }

  /**
   * Asks, and waits for the answer. An aborted request is cancelled and rejects with the signal's reason, but only when the
   * process has answered: until then it may be at work on it. Rejects with the AppError that the process answered, or with
   * INFERENCE_FAILED where it died.
   */
  ask<T extends FromHost["type"]>(request: Request, options: AskOptions): Promise<Answer<T>> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (!this.#usable) return Promise.reject(new AppError("INFERENCE_FAILED", "The inference host has ended"));
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Answer<T>>();
    const onAbort = () => this.tell({ type: "cancel", target: id });
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#open.set(id, {
      timeoutMs: options.timeoutMs,
      isBeat: options.isBeat ?? false,
      into: options.into,
      slotId: request.type === "run" ? request.slotId : null,
      fail: reject,
      settle: (answer, payload) => {
        if (signal?.aborted) reject(signal.reason);
        else if (answer.type === "failed") reject(this.#toError(answer));
        else resolve({ ...answer, payload } as Answer<T>);
      },
    });
    if (this.#open.size === 1) this.#watchSilence();
    this.#write({ ...request, id }, options.payload);
    return promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Sends what has no answer. */
  tell(message: Exclude<ToHost, Asked>): void {
    if (this.#alive) this.#write(message);
  }

  /** No more requests: it answers those it has and exits, or is killed after `graceMs`. Resolves when it is gone. */
  async retire(reason: HostEndReason, graceMs: number): Promise<void> {
    this.#usable = false;
    if (this.#alive) this.#endReason ??= reason;
    this.tell({ type: "bye" });
    const timer = setTimeout(() => this.kill(reason, "its grace time was over"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends it at once; open requests fail. `why` is for the log. */
  kill(reason: HostEndReason, why: string): void {
    this.#endReason ??= reason;
    this.#drop(why);
  }

  /** What the kernel has killed by now was not this process. */
  noteAlive(): void {
    this.#oomKills = readOomKills();
  }

  #drop(why: string): void {
    this.#usable = false;
    this.#killedFor ||= why;
    this.#child.kill("SIGKILL");
  }

  #write(message: unknown, payload?: Uint8Array): void {
    writeFrame(this.#socket, message, payload).catch(() => this.#drop("its socket failed"));
  }

  #findRoom({ id }: FromHost): Uint8Array | undefined {
    return this.#open.get(id)?.into;
  }

  #receive({ header, payload }: WireFrame): void {
    const answer = header as FromHost;
    const request = this.#open.get(answer.id);
    this.#open.delete(answer.id);
    this.#watchSilence();
    request?.settle(answer, payload);
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    const oldest = this.#open.values().next().value;
    if (oldest === undefined) return;
    this.#silence = setTimeout(() => this.kill("hung", `no answer for ${oldest.timeoutMs} ms`), oldest.timeoutMs);
  }

  #toError(answer: Extract<FromHost, { type: "failed" }>): AppError {
    if (answer.poisoned) {
      this.#usable = false;
      this.#endReason ??= answer.reason === "OUT_OF_MEMORY" ? "out_of_memory" : "poisoned";
    }
    return new AppError(answer.reason, answer.message, answer.detail === "" ? {} : { cause: answer.detail });
  }

  #end(how: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#usable = false;
    clearTimeout(this.#silence);
    this.#socket.destroy();
    const detail = [how, this.#killedFor, this.#lastWords()].filter(Boolean).join("; ");
    if (this.pending > 0) this.#log.error({ host: this.#name, pid: this.pid, detail }, "inference host died at work");
    const [atWork] = this.#open.values();
    for (const request of this.#open.values()) {
      // It ran one request at a time: who waited did not take the memory, unless it is the same work.
      const isSame = request === atWork || (request.slotId !== null && request.slotId === atWork?.slotId);
      const isOut = isSame && this.endReason === "out_of_memory";
      const text = isOut ? "The kernel ended the inference host for lack of memory" : ended;
      request.fail(new AppError(isOut ? "OUT_OF_MEMORY" : "INFERENCE_FAILED", text, { cause: detail }));
    }
    this.#open.clear();
    this.#gone.resolve();
  }
}
