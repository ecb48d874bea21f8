/**
 * Payloads that nobody can read. Anybody may start and signal a workflow, with bytes of any encoding: the SDK decodes
 * them before any code of the workflow is asked, and what throws there fails the workflow task, again and again, so that
 * one stray signal would block a lock for ever. Here they become a value that every handler refuses.
 *
 * The SDK has no public door for this that needs no option of the worker, and a worker of the user's own has to be
 * protected as well; so the interceptor adds itself where the SDK keeps those of the options. This is the one place that
 * knows of it. An SDK that keeps them elsewhere runs workflows as before, only without this protection.
 */
import type { PayloadConverter, WorkflowInternalsInterceptor } from '@temporalio/workflow';

type Activation = Parameters<NonNullable<WorkflowInternalsInterceptor['activate']>>[0]['activation'];
type Job = NonNullable<Activation['jobs']>[number];
type Payload = NonNullable<NonNullable<Job['signalWorkflow']>['input']>[number];

/** Begins the text that stands for an argument that cannot be read; why follows. */
const UNREADABLE = 'anaplan-temporal: this payload cannot be read: ';

/** Why an argument could not be read; undefined for one that could. */
export function unreadable(argument: unknown): string | undefined {
  return typeof argument === 'string' && argument.startsWith(UNREADABLE)
    ? argument.slice(UNREADABLE.length)
    : undefined;
}

/** What the SDK keeps of a workflow that runs, as far as it is used here. */
interface Activator {
  payloadConverter?: PayloadConverter;
  interceptors?: { internals?: WorkflowInternalsInterceptor[] };
}

// One for each workflow; none where this module is loaded to start one by its function.
const activator = (globalThis as { __TEMPORAL_ACTIVATOR__?: Activator }).__TEMPORAL_ACTIVATOR__;

activator?.interceptors?.internals?.push({
  activate(input, next) {
    for (const { initializeWorkflow, signalWorkflow } of input.activation.jobs ?? []) {
      if (initializeWorkflow?.arguments) readable(initializeWorkflow.arguments);
      // A lock tells texts and objects apart; as a text this would be the name of a run, which nobody has.
      if (signalWorkflow?.input) readable(signalWorkflow.input);
    }
    next(input);
  },
});

function readable(payloads: Payload[]): void {
  const converter = activator?.payloadConverter;
  payloads.forEach((payload, i) => {
    try {
      converter?.fromPayload(payload as Parameters<PayloadConverter['fromPayload']>[0]);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const value = converter?.toPayload(`${UNREADABLE}${why.slice(0, 200)}`);
      if (value) payloads[i] = value;
    }
  });
}
