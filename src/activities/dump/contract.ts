/** Failure dumps. */
import type { ResultDump } from '../../contracts';
import type { ActionObject, Call, RootPin } from '../attempt/contract';

/** Where a dump is and where it goes. */
export interface FetchDumpInput extends Call {
  action: ActionObject;
  taskId: string;
  /** For a process: the nested result's object. */
  objectId?: string;
  name: string;
  /** Anaplan did not say that this action has one: that it is not found is an answer, and final. */
  unsaid?: true;
  /** Where the run's own directory goes. */
  directory: string;
  root: RootPin;
}

/** A stored dump. */
export interface StoredDump extends ResultDump {
  warnings: number;
  /** Why it could not be counted to its end; with {@link ResultDump.partial}. */
  uncounted?: string;
}

/** Why a dump could not be read to its end. */
export type FetchDumpResult = { outcome: 'stored'; dump: StoredDump } | { outcome: 'gone'; message: string };

/** The activities of this step. */
export interface DumpActivities {
  'anaplan.fetchDump'(input: FetchDumpInput): Promise<FetchDumpResult>;
}
