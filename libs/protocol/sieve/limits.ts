/** What one script may be and do. Pigeonhole's defaults (doc.dovecot.org, `sieve_max_*`) where it has one. */
export interface SieveLimits {
  /** UTF-8 bytes of a script. Default 1 MiB, as Pigeonhole's `sieve_max_script_size`. */
  readonly scriptBytesMax: number;
  /** Blocks and tests inside one another. Default 32, as Pigeonhole's `SIEVE_MAX_BLOCK_NESTING`; RFC 5228 §2.9 asks for 15. */
  readonly nestingMax: number;
  /** Commands and tests of one script. Default 20,000: more than a megabyte of ordinary rules. */
  readonly nodesMax: number;
  /** Characters of one string. Default 1,048,576: a script is no longer. */
  readonly stringCharactersMax: number;
  /** Strings of one list. Default 10,000. */
  readonly listItemsMax: number;
  /** Problems told of one script. Default 20. */
  readonly problemsMax: number;
  /** Actions of one run. Default 32, as Pigeonhole's `sieve_max_actions`. */
  readonly actionsMax: number;
  /** Redirects and notifications of one run. Default 4, as Pigeonhole's `sieve_max_redirects`. */
  readonly redirectsMax: number;
  /** Steps of comparing in one run. Default 20,000,000: a second or two of processor time, with pauses in which others have their turn. */
  readonly effortMax: number;
  /** Scripts included in one another. Default 10, as Pigeonhole's `sieve_include_max_nesting_depth`. */
  readonly includeDepthMax: number;
  /** Inclusions of one run. Default 255, as Pigeonhole's `sieve_include_max_includes`. */
  readonly includesMax: number;
  /** Variables of one run. Default 255, as Pigeonhole's `sieve_variables_max_scope_size`; RFC 5229 §6 asks for 128. */
  readonly variablesMax: number;
  /** Characters of one variable; longer values are cut. Default 65,536, as Pigeonhole's `sieve_variables_max_variable_size`. */
  readonly variableCharactersMax: number;
  /** Steps a regular expression compiles to. Default 4,000. */
  readonly regexStepsMax: number;
  /** Bytes of a header block once `addheader` is done with it. Default 262,144: what a reader interprets of one. */
  readonly headerBytesMax: number;
  /** Bounds of vacation's period. Defaults 60 s and 365 days: RFC 6131 §2 leaves both to the site. */
  readonly vacationSecondsMin: number;
  readonly vacationSecondsMax: number;
  /** Longest memory of `duplicate`. Default 7 days, as Pigeonhole's `sieve_duplicate_max_period`; RFC 7352 §3.3 leaves it to the site. */
  readonly duplicateSecondsMax: number;
}

export const SIEVE_LIMITS: SieveLimits = {
  scriptBytesMax: 1_048_576,
  nestingMax: 32,
  nodesMax: 20_000,
  stringCharactersMax: 1_048_576,
  listItemsMax: 10_000,
  problemsMax: 20,
  actionsMax: 32,
  redirectsMax: 4,
  effortMax: 20_000_000,
  includeDepthMax: 10,
  includesMax: 255,
  variablesMax: 255,
  variableCharactersMax: 65_536,
  regexStepsMax: 4_000,
  headerBytesMax: 262_144,
  vacationSecondsMin: 60,
  vacationSecondsMax: 365 * 86_400,
  duplicateSecondsMax: 7 * 86_400,
};
