/** The roots of the workers. */

/** The activities of this step. */
export interface RootsActivities {
  /** Whether some worker has asked for work of a root of late: then it is busy, else nobody serves it. */
  'anaplan.rootServed'(input: { root: string }): Promise<boolean>;
}
