/** While somebody copies segments, none is removed: what the index lets go of meanwhile goes afterwards. */
export class RemovalHold {
  private holders = 0;
  private waiting: (() => void)[] = [];

  get isHeld(): boolean {
    return this.holders > 0;
  }

  /** Returns the end of the hold. */
  hold(): () => void {
    this.holders += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.holders -= 1;
      if (this.holders === 0) for (const remove of this.waiting.splice(0)) remove();
    };
  }

  whenFree(remove: () => void): void {
    if (this.holders > 0) this.waiting.push(remove);
    else remove();
  }
}
