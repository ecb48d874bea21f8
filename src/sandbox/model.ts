import { ModelData, line } from './data';
import { FileStore } from './files';
import {
  fileGone,
  missingColumns,
  runBulkImport,
  runFailingImport,
  runFileImport,
  runModelImport,
  unavailableColumns,
  type ImportOutcome,
} from './imports';
import type { MisuseLog } from './misuse';
import type { Settings } from './options';
import { ReadRequests } from './reads';
import { detail, failure, type TaskResult } from './results';
import { listContent, viewContent } from './contents';
import { bulkContent, heldContent, type ExportContent, type PagedContent } from './synthetic';
import { TaskQueue, type ActionKind, type Step, type Task } from './tasks';
import type {
  ActionDefinition,
  ExportDefinition,
  ImportDefinition,
  ListDefinition,
  ModelEntry,
  ViewDefinition,
} from './definitions';
import { SAMPLE } from './tenant';

/** States that a test can put a model into. `busy` holds requests; the others are refused by their status. */
export type ModelStatus = 'open' | 'locked' | 'offline' | 'archived' | 'deployed' | 'busy';

interface Dump {
  taskId: string;
  bytes: Buffer;
}

/** One model: its definition, its rows, its files, its tasks. Every model of the sandbox has the same definition. */
export class Model {
  readonly definition = SAMPLE;
  readonly data = new ModelData();
  readonly files: FileStore;
  readonly tasks: TaskQueue;
  readonly reads: ReadRequests;
  private readonly dumps = new Map<string, Dump>();
  private state: { status: ModelStatus; until: number };
  private runs = 0;
  private unloaded = false;

  constructor(
    readonly entry: ModelEntry,
    private readonly settings: Settings,
    folder: string,
    private readonly misuse: MisuseLog,
  ) {
    this.state = { status: entry.state, until: Infinity };
    this.tasks = new TaskQueue(settings);
    this.reads = new ReadRequests(settings, misuse);
    const exported = this.definition.exports.map((definition) => ({
      id: definition.id,
      name: definition.fileName,
      encoding: 'UTF-8' as const,
      separator: ',' as const,
      headerRow: 0,
      firstDataRow: 0,
    }));
    // Rows that an import reads are always kept; a bulk file's are counted as they come.
    const bulk = this.definition.imports.filter((item) => item.target === 'bulk').map((item) => item.fileId);
    const keep = (fileId: string) => settings.uploads === 'disk' || !bulk.includes(fileId);
    this.files = new FileStore([...this.definition.files, ...exported], keep, folder, misuse, settings);
  }

  /** The state now; a state set for a time falls back to the model's own. */
  status(): ModelStatus {
    if (this.settings.clock() >= this.state.until) this.state = { status: this.entry.state, until: Infinity };
    return this.state.status;
  }

  /** Sets the state, for `forMs` or for good. */
  setStatus(status: ModelStatus, forMs?: number): void {
    this.state = { status, until: forMs === undefined ? Infinity : this.settings.clock() + forMs };
  }

  /** Whether the model has been closed and not used since; an archived one is not loaded either. */
  get closed(): boolean {
    return this.unloaded || this.status() === 'archived';
  }

  /** Closes the model: it is unloaded, and its tasks are forgotten (anaplan-api: "Close model"). */
  closeDown(): void {
    this.tasks.unload();
    this.unloaded = true;
  }

  /** Any use loads a closed model again. */
  load(): void {
    this.unloaded = false;
  }

  /** The kind of an action by its ID, or nothing for an unknown ID. */
  kindOf(actionId: string): ActionKind | undefined {
    const has = (list: readonly { id: string }[]) => list.some((item) => item.id === actionId);
    if (has(this.definition.imports)) return 'imports';
    if (has(this.definition.exports)) return 'exports';
    if (has(this.definition.processes)) return 'processes';
    return has(this.definition.actions) ? 'actions' : undefined;
  }

  /** The name of an action. */
  nameOf(actionId: string): string {
    const { imports, exports, processes, actions } = this.definition;
    return (
      [...imports, ...exports, ...processes, ...actions].find((item) => item.id === actionId)?.name ??
      actionId
    );
  }

  /** Starts a task of an action. Without `effects` it only takes its time (another user's, on files of theirs). */
  start(
    actionId: string,
    user: string,
    body: { localeName: string; mappingParameters?: unknown },
    effects = true,
  ): Task | undefined {
    const kind = this.kindOf(actionId);
    if (kind === undefined) return undefined;
    const process = this.definition.processes.find((item) => item.id === actionId);
    const ids = process?.actionIds ?? [actionId];
    const holder: { task?: Task } = {};
    const steps = ids.map((id): Step => ({
      actionId: id,
      run: async () => {
        if (!effects) return { failureDumpAvailable: false, objectId: id, successful: true };
        return this.perform(id, user, holder.task?.taskId ?? '');
      },
    }));
    holder.task = this.tasks.start({ kind, actionId, user, steps, ...body });
    return holder.task;
  }

  /** Whether a running task reads this file. */
  readsFile(fileId: string): boolean {
    const running = this.tasks.running();
    if (running === undefined || running.user !== this.settings.user) return false;
    const rest = running.steps.slice(running.done.length).map((step) => step.actionId);
    return this.definition.imports.some((item) => item.fileId === fileId && rest.includes(item.id));
  }

  /** The failure dump of an import for this task, if it is still there (behaviour `dump-life`). */
  dump(user: string, importId: string, taskId: string): Buffer | undefined {
    const dump = this.dumps.get(`${user}|${importId}`);
    return dump?.taskId === taskId ? dump.bytes : undefined;
  }

  /** A view, or a line item's view, by its ID; nothing for an unknown ID. */
  view(id: string): ViewDefinition | undefined {
    const { views, lineItems, modules } = this.definition;
    const view = views.find((candidate) => candidate.id === id);
    const item = lineItems.find((candidate) => candidate.id === id);
    if (view !== undefined || item === undefined) return view;
    // Without dimensions of its own a line item is seen as its module is (anaplan-api: "Retrieve metadata for dimensions on a view").
    if (item.subsidiary === undefined) return this.view(item.moduleId);
    const module = modules.find((candidate) => candidate.id === item.moduleId)?.name ?? '';
    const { moduleId, name, subsidiary: content } = item;
    return { id, moduleId, name, fullName: `${module}.${name}`, content };
  }

  /** The pages of a view. */
  viewContent(view: ViewDefinition, exportType: string | undefined): PagedContent {
    return viewContent(this.data, this.settings, this.definition, view, exportType);
  }

  /** The pages of a list. */
  listContent(list: ListDefinition): PagedContent {
    return listContent(this.data, this.settings, this.definition, list);
  }

  /** Writes an export's file anew, as a second run would; answers its content. */
  writeExport(definition: ExportDefinition, bulkBytes = this.settings.model.exportBytes): ExportContent {
    const chunkBytes = this.settings.model.exportChunkBytes;
    this.runs += 1;
    const header = line(definition.headerNames);
    const rows =
      definition.content === 'sales'
        ? this.data.salesLines()
        : definition.content === 'products'
          ? this.data.productLines()
          : [];
    const content =
      definition.content === 'bulk'
        ? bulkContent(bulkBytes, chunkBytes, this.runs)
        : heldContent(Buffer.from(header + rows.join('')), chunkBytes);
    this.files.setExported(definition.id, content);
    return content;
  }

  /** Removes what is on disk and stops timers. */
  close(): void {
    this.tasks.close();
    this.files.close();
  }

  private async perform(actionId: string, user: string, taskId: string): Promise<TaskResult> {
    const { imports, exports, actions } = this.definition;
    const importing = imports.find((item) => item.id === actionId);
    if (importing !== undefined) {
      const { result, dump } = await this.runImport(importing);
      const key = `${user}|${actionId}`;
      if (dump !== undefined) this.dumps.set(key, { taskId, bytes: dump });
      // A clean run removes the dump (anaplan-api: "Check dump file for failures"); an unsuccessful one leaves it.
      else if (result.successful) this.dumps.delete(key);
      return result;
    }
    const exporting = exports.find((item) => item.id === actionId);
    if (exporting !== undefined) return this.runExport(exporting);
    const action = actions.find((item) => item.id === actionId);
    return action === undefined
      ? failure(actionId, 'failedToLocateEntity', 'Failed to locate action')
      : this.runAction(action);
  }

  private async runImport(definition: ImportDefinition): Promise<ImportOutcome> {
    if (definition.fileId === undefined) return runModelImport(definition, this.data);
    const stored = this.files.require(definition.fileId);
    if (stored.upload?.completed === false)
      this.misuse.note('import-of-incomplete-upload', `import ${definition.id}`);
    const content = this.files.content(definition.fileId);
    if (content === undefined) return fileGone(definition);
    const missing = missingColumns(definition, stored.definition, content.head);
    if (missing.length > 0) return unavailableColumns(definition, missing);
    if (definition.target === 'fails') return runFailingImport(definition);
    if (definition.target === 'bulk') return runBulkImport(definition, content.rows, this.data);
    return runFileImport(definition, stored.definition, content.bytes, this.data);
  }

  private runExport(definition: ExportDefinition): TaskResult {
    const { bytes } = this.writeExport(definition);
    const text = `Export for ${definition.name} completed successfully. ${bytes} bytes written.`;
    const details = [detail('exportSucceeded', text, { exportName: definition.name, fileSize: bytes })];
    return { details, failureDumpAvailable: false, objectId: definition.id, successful: true };
  }

  private runAction(action: ActionDefinition): TaskResult {
    if (action.effect === 'none')
      return { failureDumpAvailable: false, objectId: action.id, successful: true };
    if (action.effect === 'fails') {
      const values = {
        targetName: 'Products',
        filterName: 'Locked',
        errorMessage: 'The selection is not valid',
      };
      const text = 'Deleting from the list Products using Locked failed: The selection is not valid';
      return failure(action.id, 'deleteFromSelectionFailed', text, values);
    }
    const affected = this.data.deleteInactive();
    const text = `${affected} items were deleted from the list Products using Inactive`;
    const values = { affectedItems: affected, targetName: 'Products', filterName: 'Inactive' };
    const details = [detail('deleteFromSelectionSucceeded', text, values)];
    return { details, failureDumpAvailable: false, objectId: action.id, successful: true };
  }
}
