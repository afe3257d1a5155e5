/** Label values by label name. */
export type SeriesLabels = Readonly<Record<string, string>>;

/** A value of a page, in the form that prom-client's registry reads. */
export type PageValue = {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Labels that stand after the others. prom-client caches their text. */
  readonly sharedLabels: SeriesLabels;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
};
type Exemplar = { readonly labelSet: SeriesLabels; readonly value: number; readonly timestamp: number };

/** The counter or gauge of one set of labels. */
export class ValueSeries {
  #value = 0;
  readonly #labels: SeriesLabels;

  constructor(labels: SeriesLabels) {
    this.#labels = labels;
  }

  /** Throws a TypeError if the value is not a finite number. */
  set(value: number): void {
    this.#value = toFinite(value);
  }
  /** Throws a TypeError if `by` is negative or not a finite number. */
  add(by: number): void {
    if (by < 0) throw new TypeError(`Expected a counter to grow, got \`${by}\``);
    this.#value += toFinite(by);
  }
  toPage(): PageValue[] {
    return [{ labels: {}, sharedLabels: this.#labels, value: this.#value }];
  }
}

/** The histogram of one set of labels: the number of values in each bucket, and each bucket's last value with a kept trace. */
export class HistogramSeries {
  readonly #name: string;
  readonly #edges: readonly number[];
  readonly #counts: number[];
  readonly #exemplars: (Exemplar | undefined)[];
  readonly #labels: SeriesLabels;
  #sum = 0;

  /** `buckets` holds the inclusive upper edges in rising order. One more bucket takes the values beyond. */
  constructor(name: string, { buckets = [] }: { readonly buckets?: readonly number[] }, labels: SeriesLabels) {
    this.#name = name;
    this.#edges = buckets;
    this.#counts = new Array(buckets.length + 1).fill(0);
    this.#exemplars = new Array(buckets.length + 1).fill(undefined);
    this.#labels = labels;
  }

  /** Throws a TypeError if the value is not a finite number. */
  observe(value: number, traceId: string | undefined): void {
    this.#sum += toFinite(value);
    let bucket = 0;
    while (bucket < this.#edges.length && value > (this.#edges[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    if (traceId !== undefined)
      this.#exemplars[bucket] = { labelSet: { trace_id: traceId }, value, timestamp: Date.now() / 1_000 };
  }
  toPage(): PageValue[] {
    const sharedLabels = this.#labels;
    let count = 0;
    const buckets = this.#counts.map((own, bucket) => {
      count += own;
      const labels = { le: this.#edges[bucket] ?? "+Inf" };
      return {
        metricName: `${this.#name}_bucket`,
        labels,
        sharedLabels,
        value: count,
        exemplar: this.#exemplars[bucket],
      };
    });
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels: {}, sharedLabels, value: this.#sum },
      { metricName: `${this.#name}_count`, labels: {}, sharedLabels, value: count },
    ];
  }
}

/** A node of the search tree: one level for each label. */
type Branch<S> = { readonly next: Map<string | undefined, Branch<S>>; series?: S };

/** Labels and limits of a table. */
export type SeriesTableOptions = {
  readonly labelNames: readonly string[];
  /** Labels whose values are not known beforehand. */
  readonly openLabels: ReadonlySet<string>;
  readonly maxSeries: number;
  /** Called for each value that is counted in the overflow series because the table is full. */
  readonly onOverflow: () => void;
};

/** Value of every open label of an overflow series. */
export const overflowValue = "other";

/**
 * The series of one metric, by the values of its labels. A search tree finds them, because a joined key would have to be built and
 * hashed at every count. The table is bounded: if it is full, a new set of labels is counted under `other` instead of its open
 * labels.
 */
export class SeriesTable<S extends { toPage(): PageValue[] }> {
  readonly #options: SeriesTableOptions;
  readonly #create: (labels: SeriesLabels) => S;
  readonly #root: Branch<S> = { next: new Map() };
  readonly #all = new Set<S>();

  constructor(options: SeriesTableOptions, create: (labels: SeriesLabels) => S) {
    this.#options = options;
    this.#create = create;
  }

  /** Returns the series of these labels, which is created on first use. */
  of(labels: SeriesLabels): S {
    const known = this.#find(labels);
    if (known !== undefined) return known;
    if (!this.isFull()) return this.#add(labels);
    this.#options.onOverflow();
    const overflow = this.#toOverflow(labels);
    return this.#find(overflow) ?? this.#add(overflow);
  }
  isFull(): boolean {
    return this.#all.size >= this.#options.maxSeries;
  }
  /** Removes every series. */
  clear(): void {
    this.#all.clear();
    this.#root.next.clear();
    delete this.#root.series;
  }
  toPage(): PageValue[] {
    return [...this.#all].flatMap((series) => series.toPage());
  }

  #find(labels: SeriesLabels): S | undefined {
    let at: Branch<S> | undefined = this.#root;
    for (const name of this.#options.labelNames) {
      at = at.next.get(labels[name]);
      if (at === undefined) return undefined;
    }
    return at.series;
  }
  #add(labels: SeriesLabels): S {
    let at = this.#root;
    for (const name of this.#options.labelNames) {
      const value = labels[name];
      const next: Branch<S> = at.next.get(value) ?? { next: new Map() };
      at.next.set(value, next);
      at = next;
    }
    const series = this.#create({ ...labels });
    at.series = series;
    this.#all.add(series);
    return series;
  }
  #toOverflow(labels: SeriesLabels): SeriesLabels {
    const { openLabels } = this.#options;
    return Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [name, openLabels.has(name) ? overflowValue : value]),
    );
  }
}

function toFinite(value: number): number {
  if (!Number.isFinite(value)) throw new TypeError(`Expected a metric's value to be a finite number, got \`${value}\``);
  return value;
}
