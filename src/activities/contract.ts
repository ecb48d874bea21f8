/**
 * All activities by their registered names, as workflows see them: JSON in, JSON out. The names and shapes are kept
 * by the histories of running workflows: fields may be added, none is renamed or removed.
 */
import type { PrepareActivities } from './prepare/contract';
import type { UploadActivities } from './upload/contract';
import type { TaskActivities } from './task/contract';
import type { DumpActivities } from './dump/contract';
import type { DownloadActivities } from './download/contract';
import type { ReadActivities } from './read/contract';
import type { HoldActivities } from './hold/contract';
import type { RootsActivities } from './roots/contract';

/** All activities of this package. */
export type AnaplanActivities = PrepareActivities &
  UploadActivities &
  TaskActivities &
  DumpActivities &
  DownloadActivities &
  ReadActivities &
  HoldActivities &
  RootsActivities;
