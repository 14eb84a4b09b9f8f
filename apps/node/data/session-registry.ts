/** A session that can be asked to go. */
export interface EndableSession {
  readonly accountId: string;
  /** Ends between commands, with the protocol's goodbye where there is one. */
  end(): void;
  /** Ends now: nothing more may be said. */
  destroy(): void;
}

/** Sessions by the volume (and epoch) they stand on, so that they leave with it. */
export class SessionRegistry {
  private readonly sessions = new Map<string, Set<EndableSession>>();

  get size(): number {
    let total = 0;
    for (const sessions of this.sessions.values()) total += sessions.size;
    return total;
  }

  /** Returns the removal. */
  add(volumeId: string, epoch: number, session: EndableSession): () => void {
    const key = `${volumeId} ${epoch}`;
    const sessions = this.sessions.get(key) ?? new Set();
    this.sessions.set(key, sessions);
    sessions.add(session);
    return () => {
      sessions.delete(session);
      if (sessions.size === 0 && this.sessions.get(key) === sessions) this.sessions.delete(key);
    };
  }

  of(volumeId: string, epoch: number): readonly EndableSession[] {
    return [...(this.sessions.get(`${volumeId} ${epoch}`) ?? [])];
  }
}
