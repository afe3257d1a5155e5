/** A line as far as the gate looks at it. */
export type GateLine = {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  readonly message: string;
  /** Whether it is about one request or one job: such lines are kept until there are far more of them. */
  readonly isRecord: boolean;
};

/** How many equal lines a window holds. Lines are equal when level and message are. */
export type FloodLimits = { readonly records: number; readonly details: number; readonly others: number };

/** In 10 s: what no replica does in requests; enough to follow something at debug; enough to see what goes wrong. */
export const defaultFloodLimits: FloodLimits = { records: 20_000, details: 1_000, others: 100 };

/** Lets lines through until there are too many equal ones. */
export type FloodGate = {
  admits(line: GateLine): boolean;
  /** Begins the next window and answers what was left out of the one before. */
  turn(): { readonly level: GateLine["level"]; readonly message: string; readonly leftOut: number }[];
};

// Messages are literals of our code; what libraries say through us need not be.
const mostMessages = 1_000;

/** A gate whose windows last from one `turn` to the next. */
export function createFloodGate(limits: FloodLimits = defaultFloodLimits): FloodGate {
  const counts = new Map<string, { level: GateLine["level"]; message: string; lines: number; leftOut: number }>();

  function limitOf({ level, isRecord }: GateLine): number {
    if (isRecord) return limits.records;
    return level === "debug" || level === "trace" ? limits.details : limits.others;
  }

  return {
    admits(line) {
      const isRoom = counts.size < mostMessages || counts.has(`${line.level} ${line.message}`);
      const message = isRoom ? line.message : "(one of too many different messages)";
      const key = `${line.level} ${message}`;
      const count = counts.get(key) ?? { level: line.level, message, lines: 0, leftOut: 0 };
      counts.set(key, count);
      if (count.lines >= limitOf(line)) {
        count.leftOut += 1;
        return false;
      }
      count.lines += 1;
      return true;
    },
    turn() {
      const left = [...counts.values()].filter(({ leftOut }) => leftOut > 0);
      counts.clear();
      return left.map(({ level, message, leftOut }) => ({ level, message, leftOut }));
    },
  };
}
