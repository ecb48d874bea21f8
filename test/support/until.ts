import { setTimeout as delay } from 'node:timers/promises';

type Condition = () => boolean | Promise<boolean>;

/** Far longer than anything takes on a busy machine: what never comes true fails, what is slow does not. */
const WITHIN_MS = 150_000;

/** Waits until something holds; `what` names it where it does not in time, else the condition's own text does. */
export async function until(holds: Condition, withinMs?: number): Promise<void>;
export async function until(what: string, holds: Condition, withinMs?: number): Promise<void>;
export async function until(
  first: string | Condition,
  second?: Condition | number,
  third?: number,
): Promise<void> {
  const holds = typeof first === 'string' ? (second as Condition) : first;
  const withinMs = (typeof first === 'string' ? third : (second as number | undefined)) ?? WITHIN_MS;
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error(`Waited ${withinMs / 1000} s in vain for ${first.toString()}`);
    }
    await delay(10);
  }
}
