import type { Store } from './ports';

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/** The stores that a worker can open, chosen by the scheme of a URI. */
export class Stores {
  private readonly byScheme = new Map<string, Store>();

  /**
   * @param local opens paths, too, and says what is wrong with a URI whose scheme no store has
   * @throws Error where two stores claim a scheme: a defect of whoever puts them together
   */
  constructor(
    private readonly local: Store,
    others: readonly Store[],
  ) {
    for (const store of [local, ...others]) {
      for (const scheme of store.schemes) {
        if (this.byScheme.has(scheme)) throw new Error(`two stores open ${scheme}:// URIs`);
        this.byScheme.set(scheme, store);
      }
    }
  }

  /** The store of a path or URI. */
  of(uri: string): Store {
    const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
    return (scheme === undefined ? undefined : this.byScheme.get(scheme)) ?? this.local;
  }
}
