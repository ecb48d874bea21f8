import { z } from 'zod';
import { path, type Api } from './api';
import { parseFailures, type WriteFailure } from './failures';
import { isRecord, optionalNumber, read, unwrap } from './parse';
import type { CallOptions, ModelRef } from './types';

/** Cells of one request at most (anaplan-api: "Write cell data by coordinate or name"). */
export const MAX_CELLS = 100_000;
/** Bytes of one request at most, as JSON; the guide says 15 MB. */
export const MAX_CELL_BYTES = 15_000_000;

/** An item of a dimension, by its ID, its name or its code. */
export type CellCoordinate = ({ dimensionId: string } | { dimensionName: string }) &
  ({ itemId: string } | { itemName: string } | { itemCode: string });

/** One cell and its value. */
export type CellWrite = ({ lineItemId: string } | { lineItemName: string }) & {
  /** Every dimension of the line item, Time and Versions among them; absent where it has none. */
  dimensions?: readonly CellCoordinate[];
  /**
   * A number, with or without quotes; a text; a boolean; a date as `YYYY-MM-DD`; a period as the model shows it (`Q1 FY20`);
   * the name of a list's item. There is no documented way to empty a cell.
   */
  value: string | number | boolean;
};

/** What came of a write. */
export interface CellsWritten {
  /** Cells that were changed; 0 is possible in a success. */
  changed: number;
  failures: WriteFailure[];
}

const schema = z.object({ numberOfCellsChanged: optionalNumber.transform((n) => n ?? 0) });

/** Reads what came of a write. */
export function parseCellsWritten(body: unknown): CellsWritten {
  const raw = unwrap(body, [], ['numberOfCellsChanged', 'failures']);
  const { numberOfCellsChanged } = read(schema, raw, 'the answer to the cells');
  return {
    changed: numberOfCellsChanged,
    failures: parseFailures(isRecord(raw) ? raw['failures'] : undefined),
  };
}

/** Cells of a module (anaplan-api: "Update module cell data"). Reading them is in `views`. */
export class CellsApi {
  constructor(
    private readonly api: Api,
    private readonly writeMs: number,
  ) {}

  /**
   * Sets cells, for Workspace Administrators, also read-only and invisible ones, but no sums and nothing that is calculated:
   * up to {@link MAX_CELLS} and {@link MAX_CELL_BYTES}. A 2xx says of each cell that failed why; the others are set, and
   * all that depends on them is calculated. A malformed cell refuses the whole request (400). Setting is idempotent: a lost
   * answer may be repeated. Anaplan waits while the model is busy, so the time-out is `timeouts.completeMs`.
   * @throws RangeError where it is more than one request may be; nothing was sent
   */
  async write(
    ref: ModelRef,
    moduleId: string,
    cells: readonly CellWrite[],
    o?: CallOptions,
  ): Promise<CellsWritten> {
    if (cells.length > MAX_CELLS) throw new RangeError(`${cells.length} cells are more than ${MAX_CELLS}.`);
    const bytes = Buffer.byteLength(JSON.stringify(cells));
    if (bytes > MAX_CELL_BYTES)
      throw new RangeError(`${bytes} bytes of cells are more than ${MAX_CELL_BYTES}.`);
    const at = path`/models/${ref.modelId}/modules/${moduleId}/data`;
    return this.api.get(
      { method: 'POST', path: at, json: cells, headersTimeoutMs: this.writeMs },
      parseCellsWritten,
      o,
    );
  }
}
