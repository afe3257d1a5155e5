/** The parts of a log line that the limiter looks at. */
export type LogLine = {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  readonly message: string;
  /** Whether the line is about one request or one job. Such lines have a higher limit. */
  readonly isRecord: boolean;
};

/** Limits on equal lines in one window, by kind of line. Lines are equal when level and message are equal. */
export type LogRateLimits = { readonly records: number; readonly details: number; readonly others: number };

/**
 * Limits for windows of 10 s. `records`: more requests than one replica serves. `details`: enough to follow one thing at debug.
 * `others`: enough to see a failure.
 */
export const defaultLogRateLimits: LogRateLimits = { records: 20_000, details: 1_000, others: 100 };

/** Lines of one level and message that a window suppressed. */
export type SuppressedLines = {
  readonly level: LogLine["level"];
  readonly message: string;
  readonly suppressed: number;
};

/** Limits how often equal lines are written. */
export type LogRateLimiter = {
  /** Whether this line may be written; counts it. */
  allows(line: LogLine): boolean;
  /** Starts the next window. Returns the lines that the previous one suppressed. */
  startWindow(): SuppressedLines[];
};

// Messages of our code are literals, but libraries may log arbitrary texts through us.
const maxMessages = 1_000;

/** Creates a limiter whose windows last from one `startWindow` to the next. */
export function createLogRateLimiter(limits: LogRateLimits = defaultLogRateLimits): LogRateLimiter {
  const counts = new Map<string, { level: LogLine["level"]; message: string; written: number; suppressed: number }>();

  function limitOf({ level, isRecord }: LogLine): number {
    if (isRecord) return limits.records;
    return level === "debug" || level === "trace" ? limits.details : limits.others;
  }

  return {
    allows(line) {
      const hasOwnCount = counts.size < maxMessages || counts.has(`${line.level} ${line.message}`);
      const message = hasOwnCount ? line.message : "(one of too many different messages)";
      const key = `${line.level} ${message}`;
      const count = counts.get(key) ?? { level: line.level, message, written: 0, suppressed: 0 };
      counts.set(key, count);
      if (count.written >= limitOf(line)) {
        count.suppressed += 1;
        return false;
      }
      count.written += 1;
      return true;
    },
    startWindow() {
      const incomplete = [...counts.values()].filter(({ suppressed }) => suppressed > 0);
      counts.clear();
      return incomplete.map(({ level, message, suppressed }) => ({ level, message, suppressed }));
    },
  };
}
