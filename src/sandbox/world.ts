import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authenticator } from './auth';
import { FaultPlan } from './faults';
import { MisuseLog } from './misuse';
import { Model } from './model';
import { changeSettings, type Settings } from './options';
import { copiesOf, MODELS, SALES_MODEL } from './tenant';

/** One request that the tenant was asked. */
export interface RequestRecord {
  method: string;
  /** The path as asked, without the query. */
  path: string;
  /** The path by its pattern, e.g. `/models/{m}/files/{f}/chunks/{i}`; the plain path where none fits. */
  pattern: string;
  /** The status answered, or 0 where the connection ended without one. */
  status: number;
  /** When it arrived, in epoch ms. */
  at: number;
  /** Bytes of its body that were read. */
  requestBytes: number;
  /** The kind of the fault that struck it. */
  fault?: string;
}

/** Everything a tenant knows: the state behind the server. */
export class World {
  readonly misuse: MisuseLog;
  readonly faults = new FaultPlan();
  readonly auth: Authenticator;
  readonly record: RequestRecord[] = [];
  models = new Map<string, Model>();
  baseUrl = '';
  private readonly folder: string;
  private readonly initial: Settings;

  constructor(readonly settings: Settings) {
    this.folder = mkdtempSync(join(tmpdir(), 'anaplan-sandbox-'));
    this.misuse = new MisuseLog(settings.clock);
    this.initial = { ...settings };
    this.auth = new Authenticator(
      settings,
      this.misuse,
      () => this.baseUrl,
      () => this.unloadAll(),
    );
    this.reset();
  }

  /** The sample model, or the one with this ID. */
  model(id = SALES_MODEL): Model {
    const model = this.models.get(id);
    if (model === undefined) throw new Error(`The sandbox has no model ${id}.`);
    return model;
  }

  /** The models are unloaded, as when all users have logged out: tasks are forgotten. */
  unloadAll(): void {
    for (const model of this.models.values()) model.tasks.unload();
  }

  /** The user gets another password; tokens live on unless they are to die. */
  setPassword(password: string, o: { expireTokens?: boolean } = {}): void {
    this.settings.password = password;
    if (o.expireTokens === true) this.auth.expireAll();
  }

  /** Changes options while the sandbox runs; tasks that run follow. */
  configure(options: Readonly<Record<string, unknown>>): void {
    changeSettings(this.settings, options);
    for (const model of this.models.values()) void model.tasks.settle();
  }

  /** Back to the beginning: rows, files, tasks, tokens, faults, record, misuse. */
  reset(): void {
    for (const model of this.models.values()) model.close();
    this.models = new Map(
      [...MODELS, ...copiesOf(this.settings.copies)].map((entry) => [
        entry.id,
        new Model(entry, this.settings, this.folder, this.misuse),
      ]),
    );
    Object.assign(this.settings, this.initial);
    this.auth.reset();
    this.faults.clear();
    this.record.length = 0;
    this.misuse.clear();
  }

  /** Removes everything on disk. */
  close(): void {
    for (const model of this.models.values()) model.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
