import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { AppError } from "@pixelmesh/errors";
import { createFrameReader, type WireFrame, writeFrame } from "../protocol/frames.ts";
import type { HostMessage, HostRequest, HostResponse } from "../protocol/messages.ts";
import type { HostEndReason } from "./events.ts";
import type { Log } from "./log.ts";
import { readOomKills } from "./oom-kills.ts";
import { openSocketPair, type SocketPair } from "./socket-pair.ts";
import { spawnHost } from "./spawn.ts";

/** A request without its number. */
export type NewHostRequest = HostRequest extends infer R ? (R extends HostRequest ? Omit<R, "id"> : never) : never;

/** A host's response of one type, with its payload. */
export type ResponseOf<T extends HostResponse["type"]> = Extract<HostResponse, { type: T }> & {
  readonly payload: Uint8Array;
};

/** Options of one request. */
export type RequestOptions = {
  readonly payload?: Uint8Array;
  /** Memory for the response's payload, used if it has exactly that size. Must not be touched before the request has ended. */
  readonly into?: Uint8Array | undefined;
  /** The longest silence while this is the oldest open request; then the process is killed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the request is only a heartbeat. A heartbeat does not count as pending work. */
  readonly isHeartbeat?: boolean;
};

type OpenRequest = {
  readonly complete: (response: HostResponse, payload: Uint8Array) => void;
  readonly fail: (error: AppError) => void;
  readonly timeoutMs: number;
  readonly isHeartbeat: boolean;
  readonly into: Uint8Array | undefined;
  readonly slotId: string | null;
};

/** A host process and the connection to it, from spawn to exit. */
export class HostConnection {
  readonly pid: number;
  /** Resolves when the process has exited. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #log: Log;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #stderrTail: () => string;
  readonly #open = new Map<number, OpenRequest>();
  readonly #exit = Promise.withResolvers<void>();
  #lastId = 0;
  #usable = true;
  #alive = true;
  #endReason: HostEndReason | undefined;
  #killedFor = "";
  #oomKills = readOomKills();
  #silence: NodeJS.Timeout | undefined;

  /** Starts a process. */
  static async open(name: string, log: Log, gpuUuid?: string): Promise<HostConnection> {
    const opened: { connection?: HostConnection } = {};
    const reader = createFrameReader({
      onFrame(frame) {
        if (opened.connection) opened.connection.#receive(frame);
      },
      findBuffer: (header) => (opened.connection ? opened.connection.#findBuffer(header as HostResponse) : undefined),
    });
    opened.connection = new HostConnection(name, log, await openSocketPair(reader), gpuUuid);
    return opened.connection;
  }

  private constructor(name: string, log: Log, { ours: socket, theirs }: SocketPair, gpuUuid?: string) {
    const onLine = (line: string) => log.debug({ host: name, line }, "inference host wrote to standard error");
    const { child, stderrTail } = spawnHost(theirs, onLine, gpuUuid);
    theirs.destroy();
    this.pid = child.pid ?? 0;
    this.ended = this.#exit.promise;
    this.#name = name;
    this.#log = log;
    this.#child = child;
    this.#socket = socket;
    this.#stderrTail = stderrTail;
    socket.on("error", () => this.#kill("its socket failed"));
    // The last responses may arrive after the exit: only a closed socket has delivered all of them.
    const { promise: drained, resolve: drain } = Promise.withResolvers<void>();
    socket.on("close", () => {
      this.#kill("its socket closed");
      drain();
    });
    child.on("error", (error) => this.#end(error.message));
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL" && readOomKills() > this.#oomKills) this.#endReason ??= "out_of_memory";
      void drained.then(() => this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /** Whether it accepts requests: it is not poisoned, not retired and not dead. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Whether the process still exists. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Why the process ended or is about to end; `crashed` if no other reason is known. */
  get endReason(): HostEndReason {
    return this.#endReason ?? "crashed";
  }

  /** Whether the process died by itself, so that the next start should back off. */
  get failed(): boolean {
    return !this.#alive && ["crashed", "hung"].includes(this.endReason);
  }

  /** Number of open requests, without heartbeats. */
  get pending(): number {
    let count = 0;
    for (const { isHeartbeat } of this.#open.values()) if (!isHeartbeat) count++;
    return count;
  }

  /**
   * Sends a request and resolves with its response. An aborted request is cancelled and rejects with the signal's reason, but
   * only once the process has responded: until then it may still be working on it. Rejects with the AppError that the process
   * returned, or with INFERENCE_FAILED if the process died.
   */
  request<T extends HostResponse["type"]>(request: NewHostRequest, options: RequestOptions): Promise<ResponseOf<T>> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (!this.#usable) return Promise.reject(new AppError("INFERENCE_FAILED", "The inference host has ended"));
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<ResponseOf<T>>();
    const onAbort = () => this.send({ type: "cancel", target: id });
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#open.set(id, {
      timeoutMs: options.timeoutMs,
      isHeartbeat: options.isHeartbeat ?? false,
      into: options.into,
      slotId: request.type === "run" ? request.slotId : null,
      fail: reject,
      complete: (response, payload) => {
        if (signal?.aborted) reject(signal.reason);
        else if (response.type === "failed") reject(this.#toError(response));
        else resolve({ ...response, payload } as ResponseOf<T>);
      },
    });
    if (this.#open.size === 1) this.#watchSilence();
    this.#write({ ...request, id }, options.payload);
    return promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Sends a message that has no response. Does nothing once the process has exited. */
  send(message: Exclude<HostMessage, HostRequest>): void {
    if (this.#alive) this.#write(message);
  }

  /** Takes no more requests. The process completes those it has and exits, or is killed after `graceMs`. Resolves after its exit. */
  async retire(reason: HostEndReason, graceMs: number): Promise<void> {
    this.#usable = false;
    if (this.#alive) this.#endReason ??= reason;
    this.send({ type: "bye" });
    const timer = setTimeout(() => this.kill(reason, "its grace time was over"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Kills the process at once; open requests fail. `why` is for the log. */
  kill(reason: HostEndReason, why: string): void {
    this.#endReason ??= reason;
    this.#kill(why);
  }

  /** Ignores all out-of-memory kills of the kernel so far: this process is alive, so they were other processes. */
  ignorePastOomKills(): void {
    this.#oomKills = readOomKills();
  }

  #kill(why: string): void {
    this.#usable = false;
    this.#killedFor ||= why;
    this.#child.kill("SIGKILL");
  }

  #write(message: unknown, payload?: Uint8Array): void {
    writeFrame(this.#socket, message, payload).catch(() => this.#kill("its socket failed"));
  }

  #findBuffer({ id }: HostResponse): Uint8Array | undefined {
    return this.#open.get(id)?.into;
  }

  #receive({ header, payload }: WireFrame): void {
    const response = header as HostResponse;
    const request = this.#open.get(response.id);
    this.#open.delete(response.id);
    this.#watchSilence();
    request?.complete(response, payload);
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    const oldest = this.#open.values().next().value;
    if (oldest === undefined) return;
    this.#silence = setTimeout(() => this.kill("hung", `no response for ${oldest.timeoutMs} ms`), oldest.timeoutMs);
  }

  #toError(response: Extract<HostResponse, { type: "failed" }>): AppError {
    if (response.poisoned) {
      this.#usable = false;
      this.#endReason ??= response.reason === "OUT_OF_MEMORY" ? "out_of_memory" : "poisoned";
    }
    const cause = response.detail === "" ? {} : { cause: response.detail };
    return new AppError(response.reason, response.message, cause);
  }

  #end(how: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#usable = false;
    clearTimeout(this.#silence);
    this.#socket.destroy();
    const detail = [how, this.#killedFor, this.#stderrTail()].filter(Boolean).join("; ");
    if (this.pending > 0)
      this.#log.error({ host: this.#name, pid: this.pid, detail }, "inference host died during a request");
    this.#failOpenRequests(detail);
    this.#exit.resolve();
  }

  #failOpenRequests(detail: string): void {
    const [running] = this.#open.values();
    for (const request of this.#open.values()) {
      // The process ran one request at a time: a waiting one did not take the memory, unless it belongs to the same slot.
      const isSameSlot = request === running || (request.slotId !== null && request.slotId === running?.slotId);
      const isOutOfMemory = isSameSlot && this.endReason === "out_of_memory";
      request.fail(
        isOutOfMemory
          ? new AppError("OUT_OF_MEMORY", "The kernel ended the inference host for lack of memory", { cause: detail })
          : new AppError("INFERENCE_FAILED", "The inference host ended before it responded", { cause: detail }),
      );
    }
    this.#open.clear();
  }
}
