/** The first activity of a run: input in, everything resolved out. */
import type { IntegrationName, ObjectKind } from '../../contracts';
import type { ActionKind } from '../../contracts/kinds';
import type { Place } from '../../storage';
import type { Named, ModelContext, ActionObject } from '../attempt/contract';
import type { FileUses } from '../hold/contract';
import type { ReadTarget } from '../read/contract';

export type { Place };

/** The first activity of every run: checks the input and turns names into IDs. */
export interface PrepareInput {
  integration: IntegrationName;
  input: unknown;
  /** The first run of the chain: where it is another one than this, the run may have been reset. */
  firstRunId?: string;
}

/** A file that is uploaded to, with the rows where its header and its data begin, as far as Anaplan says. */
export interface UploadFile extends Named {
  headerRow?: number;
  firstDataRow?: number;
}

/** The columns that an import of a file was made with, and how the file is written. */
export interface ImportHeader {
  /** Name of the import. */
  import: string;
  names: string[];
  /** The list was cut: there are more columns than names here. */
  cut?: true;
  /** Columns in all, where it is not the number of names. */
  count?: number;
  /** The row of the header line, from 1; 0 where the file has none. */
  row: number;
  separator: string;
  delimiter: string;
  encoding: string;
}

/** How the records of a file are written, to count them. */
export interface RecordShape {
  separator: string;
  /** What encloses a value; empty: nothing does. */
  delimiter: string;
  encoding: string;
  /** The row, from 1, where the data begin: those before it are no rows of data. */
  firstDataRow: number;
}

/** One upload of a run, resolved. */
export interface PreparedUpload {
  file: UploadFile;
  source: string;
  /** The file is an Excel workbook: a zip is what Anaplan expects. */
  workbook: boolean;
  /** Absent of a workbook, and where Anaplan does not say how the file is written. */
  records?: RecordShape;
  /** As the input says. */
  parallelChunks?: number;
  /** The columns of the imports that read the file, to compare the source's header line with. */
  headers?: ImportHeader[];
}

/** One action of a process, in the order in which it runs. */
export interface ProcessStep extends Named {
  /** By what Anaplan says, else by its ID; absent where neither tells. */
  kind?: ActionKind;
  fileId?: string;
  /** An import of which the process does not tell what it reads. */
  untold?: true;
}

/** An export file that a process writes, and where it goes. */
export interface ProcessDownload {
  export: Named;
  target: string;
}

/** Where the files of a run are. */
export interface Places {
  /** By what the input says. */
  files: Record<string, Place>;
  /** The directory of dumps: the input's, else that of the worker that prepares. */
  dumps: Place;
}

/** What each integration works on, all names resolved. */
export interface PreparedObjects {
  uploadImport: { action: ActionObject; upload: PreparedUpload };
  exportDownload: { action: ActionObject };
  processWithDumps: {
    action: ActionObject;
    steps: ProcessStep[];
    uploads: PreparedUpload[];
    downloads: ProcessDownload[];
    /** Imports that read a file which the run does not upload. */
    filesNotUploaded: string[];
  };
  largeViewRead: { read: ReadTarget };
  largeListRead: { read: ReadTarget };
  /** `steps`: of a process. */
  runAction: { action: ActionObject; steps: ProcessStep[] };
  uploadFile: { upload: PreparedUpload };
  downloadFile: { file: Named };
}

/** What every run is told. */
export interface PreparedRun extends ModelContext {
  /** The object in the run's summary: import, export, process, action, view, list or file. */
  object: Named & { kind: ObjectKind };
  /** Every file that the run replaces or that an action of it reads. */
  files: FileUses;
  places: Places;
  /** The user the connection logs in as, to tell its tasks from those of others. */
  user?: { email: string; name: string };
  /** Whether our search attributes are registered in the namespace. */
  searchAttributes: boolean;
}

/** What the first activity answers to an integration; without a name: to any. */
export type Prepared<N extends IntegrationName = IntegrationName> = PreparedRun & PreparedObjects[N];

/** The activities of this step. */
export interface PrepareActivities {
  'anaplan.prepare'(input: PrepareInput): Promise<Prepared>;
}
