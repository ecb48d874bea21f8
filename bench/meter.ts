/** What a Temporal server counts, by the metrics that it tells. */

/** Counters at one moment. */
export class Reading {
  constructor(
    /** Heartbeats that reached the server. */
    readonly heartbeats: number,
    private readonly actions: Readonly<Record<string, number>>,
    /** Calls to the server, of all kinds. */
    readonly requests: number,
  ) {}

  /** Billable actions since an earlier reading, by kind. */
  actionsSince(earlier: Reading): Readonly<Record<string, number>> {
    const grown = Object.entries(this.actions).map(
      ([kind, n]) => [kind, n - (earlier.actions[kind] ?? 0)] as const,
    );
    return Object.fromEntries(grown.filter(([, n]) => n > 0));
  }
}

/** A dev server's metrics. */
export class Meter {
  constructor(private readonly url: string | undefined) {}

  async read(): Promise<Reading> {
    if (this.url === undefined) throw new Error('This server does not tell its metrics.');
    const text = await (await fetch(this.url)).text();
    let heartbeats = 0;
    let requests = 0;
    const actions: Record<string, number> = {};
    for (const line of text.split('\n')) {
      const found = /^(action|service_requests)\{(.*)\} (\S+)$/.exec(line);
      if (!found) continue;
      const [, metric, labels = '', value] = found;
      const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
      if (label('namespace') !== 'default') continue;
      if (metric === 'action') {
        const kind = label('action_type') ?? 'other';
        actions[kind] = (actions[kind] ?? 0) + Number(value);
      } else if (label('service_name') === 'frontend') {
        requests += Number(value);
        if (label('operation') === 'RecordActivityTaskHeartbeat') heartbeats += Number(value);
      }
    }
    return new Reading(heartbeats, actions, requests);
  }
}
