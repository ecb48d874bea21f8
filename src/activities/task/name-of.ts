import type { ActionObject } from '../attempt/contract';

const KIND_NAMES: Record<ActionObject['kind'], string> = {
  imports: 'Import',
  exports: 'Export',
  processes: 'Process',
  actions: 'Action',
};

/** An action in words: `Import "Load Sales" (112000000001)`. */
export function nameOf(action: ActionObject): string {
  return `${KIND_NAMES[action.kind]} "${action.name}" (${action.id})`;
}
