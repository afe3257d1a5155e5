/** A word or phrase that new text avoids. */
export type WordRule = {
  readonly name: string;
  /** Matched against prose: comments, test names, pages. Global. */
  readonly pattern: RegExp;
  /** Text to write instead, for the error. */
  readonly instead: string;
};

/**
 * Words that docs/glossary.md lists as "not" and that are wrong wherever they occur, and openings that hide the subject of a sentence.
 * Words with another correct meaning ("lane" of SIMD, "ticket" of TLS, "room") are left to the reader.
 */
export const wordRules: readonly WordRule[] = [
  {
    name: "hidden-subject",
    pattern: /\b(?:Whatever|[Ww]hoever|[Ss]omebody|[Nn]obody)\b/g,
    instead: "the thing itself as the subject: a client, a process, no caller",
  },
  {
    name: "answers",
    pattern: /(?:^|\. )Answers (?:how|whether|the|what|where|with|undefined|true)\b/g,
    instead: "Returns (a function) or resolves with (a promise)",
  },
  { name: "for-ever", pattern: /\bfor ever\b/gi, instead: "without limit, indefinitely, or the bound that holds" },
  {
    name: "of-the-time",
    pattern: /\b(?:slot|grant|lease|holder|leader|process|host|model|attempt|caller) of the time\b/gi,
    instead: "current",
  },
  { name: "told-of", pattern: /\b(?:is|are|was|were|be|been) told of\b/gi, instead: "gets, receives, or reads" },
  {
    name: "believe",
    pattern: /\bbeliev(?:e|es|ed|ing)\b/gi,
    instead: "accepts, counts, or trusts, with the condition",
  },
  { name: "hearsay", pattern: /\bhearsay\b/gi, instead: "job event" },
  { name: "corpse", pattern: /\bcorpses?\b/gi, instead: "dead letter" },
  { name: "sign-of-life", pattern: /\bsigns? of life\b/gi, instead: "heartbeat" },
  { name: "ride-along", pattern: /\b(?:rides?|riding|rode) along\b/gi, instead: "coalesce" },
  { name: "give-way", pattern: /\b(?:gives?|giving|gave|given) way\b/gi, instead: "evict, is evicted" },
  { name: "make-room", pattern: /\b(?:makes?|making|made) room\b/gi, instead: "evict, or free memory or space" },
  { name: "last-words", pattern: /\blast words\b/gi, instead: "the end of its log, its last output" },
  { name: "look-after", pattern: /\b(?:looks?|looking|looked) after\b/gi, instead: "supervise" },
  { name: "turn-away", pattern: /\b(?:turns?|turning|turned) away\b/gi, instead: "refuse" },
  { name: "let-in", pattern: /\b(?:letting|lets) in\b/gi, instead: "admit" },
  { name: "patience", pattern: /\bpatience\b/gi, instead: "timeout, deadline, retry or backoff" },
  { name: "seat", pattern: /\bseats?\b/gi, instead: "slot, or inference host" },
];
