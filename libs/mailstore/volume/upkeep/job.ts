/** One kind of work in the background. */
export interface UpkeepJob {
  /** Does what there is to do now. Ends soon after `isStopped`, with everything it did as good as done. */
  run(isStopped: () => boolean): Promise<void>;
}
