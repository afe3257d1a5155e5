/** One of the programs that do the same work: Pixelmesh, or a peer. */
export type Side = {
  readonly name: string;
  /** Whether it is Pixelmesh. */
  readonly isOurs: boolean;
  /** Whether it does other work than the peers, so that it has no ratio to them. Default: false. */
  readonly hasOwnWork?: boolean;
  /** Process ids of the roots of its process trees that run between rounds. Empty for a side that starts its processes within `run`. */
  pids(): readonly number[];
  /** Does the whole work of a round once. Returns further values of the round by name, such as `p50Ms`. */
  run(signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
};

/** Cost of one side, one value for each round. */
export type SideCost = {
  readonly name: string;
  readonly isOurs: boolean;
  readonly hasOwnWork: boolean;
  readonly wallS: number[];
  /** Processor time of all its processes, and of the client in the bench's own process. */
  readonly cpuS: number[];
  /** Sum of the proportional set sizes of all its processes, sampled; without the client. */
  readonly peakMiB: number[];
  /** Load of the machine at the end of the round, one-minute average. */
  readonly load: number[];
  readonly values: Record<string, number[]>;
};
