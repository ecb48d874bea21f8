/** Exit codes of the CLI. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  actionFailed: 3,
  refused: 4,
  cancelled: 5,
  unavailable: 6,
  rowsRejected: 7,
  transfer: 8,
} as const;

/** An exit code of the CLI. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a failure means to a person. */
interface Failure {
  exit: ExitCode;
  /** What to do, where the failure itself does not know better. */
  remedy: string;
}

/** Every failure a run can end with, in the one table of them. Names are public: more may be added, none is renamed. */
const TABLE = {
  InvalidInput: { exit: EXIT.usage, remedy: 'Correct the input and start again.' },
  NotFound: {
    exit: EXIT.refused,
    remedy:
      'Check the name or ID, and that the user has access: Anaplan answers "not found" also for what the user may not see.',
  },
  PermissionDenied: {
    exit: EXIT.refused,
    remedy:
      "Check that the user's model role has access to this action and module, that the user is an exception user under single sign-on, and is a Workspace Administrator where the call needs one.",
  },
  AuthenticationFailed: {
    exit: EXIT.refused,
    remedy:
      'Check the user and password or the certificate; under single sign-on the user must be an exception user.',
  },
  Conflict: {
    exit: EXIT.refused,
    remedy:
      'Something else is changing the same object, or another run has this ID; try again once it is done.',
  },
  ModelArchived: { exit: EXIT.refused, remedy: 'Unarchive the model, then start again.' },
  ModelLocked: {
    exit: EXIT.unavailable,
    remedy:
      'Unlock the model or wait for what holds it, then start again; timeouts.lock and timeouts.modelUnavailable bound the wait.',
  },
  ModelOffline: { exit: EXIT.unavailable, remedy: 'Bring the model online, then start again.' },
  ModelDeployed: {
    exit: EXIT.refused,
    remedy: 'The model is in deployed mode: make the change in the development model.',
  },
  RateLimited: {
    exit: EXIT.unavailable,
    remedy:
      "Something else uses up the tenant's 600 requests a minute; lower its rate or the configured share.",
  },
  ServiceUnavailable: {
    exit: EXIT.unavailable,
    remedy: 'Anaplan kept answering with errors; look at its status page, then start again.',
  },
  NetworkError: {
    exit: EXIT.unavailable,
    remedy: 'Anaplan could not be reached; check the network, the proxy and the URLs, and start again.',
  },
  ProtocolError: {
    exit: EXIT.unavailable,
    remedy: 'Anaplan answered something that its documentation does not allow; report it with this message.',
  },
  ActionFailed: {
    exit: EXIT.actionFailed,
    remedy: 'Read what Anaplan said and correct the action or the data.',
  },
  ActionCancelled: {
    exit: EXIT.actionFailed,
    remedy: 'Find out who cancelled it in Anaplan, and why; then start again.',
  },
  RowsRejected: {
    exit: EXIT.rowsRejected,
    remedy:
      'Correct the rows in the dump and load them again, or allow rejections with acceptRejections (--accept-rejections).',
  },
  AmbiguousTaskStart: {
    exit: EXIT.actionFailed,
    remedy:
      "Look in Anaplan's action history whether the action ran before you start it again: the answer to its start was lost. Where a second run does no harm, startAgainIfUnknown lets the run start it again by itself.",
  },
  TaskLost: {
    exit: EXIT.actionFailed,
    remedy:
      'Anaplan no longer knows the task (the model was unloaded); look in the model whether the action was applied before you start it again.',
  },
  DeadlineExceeded: {
    exit: EXIT.unavailable,
    remedy: 'Raise the time-out that was reached, or find out why it took so long.',
  },
  SourceNotFound: {
    exit: EXIT.transfer,
    remedy: 'Check the path of the source, on the host where the worker runs.',
  },
  SourceEmpty: { exit: EXIT.transfer, remedy: 'Check what writes the source.' },
  SourceChanged: {
    exit: EXIT.transfer,
    remedy: 'Write the source completely before the run starts.',
  },
  TargetFailed: { exit: EXIT.transfer, remedy: "Check the target's path, permissions and free space." },
  TransferCorrupt: {
    exit: EXIT.transfer,
    remedy: 'Check the source, and start again.',
  },
  DumpUnavailable: {
    exit: EXIT.rowsRejected,
    remedy:
      'Anaplan had a failure dump and no longer gives it; another run of the same action by the same user may have replaced it. Run again, alone.',
  },
  ReadRequestFailed: {
    exit: EXIT.actionFailed,
    remedy: 'Anaplan could not read the view or list; open it in Anaplan, then start again.',
  },
  Cancelled: { exit: EXIT.cancelled, remedy: 'Start it again if that was not meant.' },
  InternalError: { exit: EXIT.unexpected, remedy: 'This is a defect; report it with this message.' },
} satisfies Record<string, Failure>;

/** `ApplicationFailure.type` of a failure of this package. */
export type FailureType = keyof typeof TABLE;

/** The default remedy of each failure, and the CLI's exit code. */
export const FAILURES: Readonly<Record<FailureType, Failure>> = TABLE;

/** Every failure type. */
export const FAILURE_TYPES = Object.keys(TABLE) as readonly FailureType[];

/** Whether a string is one of our failure types. */
export function isFailureType(type: unknown): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(TABLE, type);
}

/** A failure in the words that a person reads. */
export interface Told {
  type: FailureType;
  /** What happened, then the remedy. */
  message: string;
  remedy: string;
}

/**
 * Makes the words of a failure. Nothing else puts what happened and what to do together, so every message ends with its
 * remedy, and has it once.
 *
 * @param said - what happened to which object, and what Anaplan said
 * @param remedy - what to do, as a sentence, where the failure knows better than its type
 */
export function tell(type: FailureType, said: string, remedy: string = FAILURES[type].remedy): Told {
  const stopped = /[.!?\u2026]["')]?$/.test(said) ? said : `${said}.`;
  return { type, message: `${stopped} ${remedy}`, remedy };
}

/** What happened, without what to do: for a sentence about something larger, which has a remedy of its own. */
export function saidOf({ message, remedy }: Pick<Told, 'message' | 'remedy'>): string {
  // A document of an other making is taken as it is.
  return message.endsWith(remedy) ? message.slice(0, message.length - remedy.length).trimEnd() : message;
}

/** The words of a failure in at most so many characters; what to do is kept. */
export function shorterTold<T extends Pick<Told, 'message' | 'remedy'>>(told: T, most: number): T {
  if (told.message.length <= most) return told;
  const remedy = told.remedy.length <= most / 2 ? told.remedy : `${told.remedy.slice(0, most / 2 - 1)}\u2026`;
  return { ...told, message: `${saidOf(told).slice(0, most - remedy.length - 2)}\u2026 ${remedy}`, remedy };
}
