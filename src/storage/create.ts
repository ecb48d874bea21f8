import { targetError } from './errors';
import { openFormat } from './formats/source';
import { Guard } from './local/guard';
import { Markers } from './local/marker';
import { LocalPaths } from './local/paths';
import { modesOf } from './local/sink';
import { localStore } from './local/store';
import type { Storage, StorageRoot, Store } from './ports';
import { Stores } from './stores';

/** What a storage opens. */
export interface StorageOptions {
  /** Stores beside the local files, each with schemes of its own. */
  stores?: readonly Store[];
  roots: StorageRoot[];
  /** Where relative paths of roots start. */
  cwd: string;
  /** Files and directories that belong to the worker: neither sources nor targets, whether they exist or not. */
  own?: readonly string[];
  /** The markers of roots by their names, as they were at the start. Default: as they are when they are first asked for. */
  markers?: ReadonlyMap<string, string>;
  /** Mode of new targets. Default 0640: the worker's group may read what a run writes. */
  fileMode?: number;
}

/**
 * Storage over local files below the given roots: paths relative to the root `default` (`data/a.csv`) or to the one that
 * they name (`payroll:june.csv`), absolute paths and `file://` URIs; and over the given stores, by the schemes of URIs.
 * A new local target gets `fileMode`, a replaced one keeps its mode. Hidden files and the worker's own are refused.
 */
export function createStorage(o: StorageOptions): Storage {
  const paths = new LocalPaths(o.roots, o.cwd, new Guard(o.own));
  const modes = modesOf(o.fileMode ?? 0o640);
  const markers = new Markers(paths, o.markers);
  const stores = new Stores(localStore(paths, modes), o.stores ?? []);
  return {
    roots: paths.roots.map(({ name, access = 'write' }) => ({ name, access })),
    async placeOf(uri) {
      try {
        return await paths.placeOf(uri);
      } catch (error) {
        throw targetError(error, uri);
      }
    },
    markerOf: (root) => markers.of(root),
    async openSource(uri, { pinned, workbook = false } = {}) {
      const stored = await stores.of(uri).openSource(uri, pinned);
      try {
        return await openFormat(stored, workbook);
      } catch (error) {
        await stored.close();
        throw error;
      }
    },
    openTarget: (uri, token) => stores.of(uri).openTarget(uri, token),
    resumeTarget: (uri, token, state) => stores.of(uri).resumeTarget(uri, token, state),
    tryTarget: (uri, token) => stores.of(uri).tryTarget(uri, token),
    otherParts: (uri, token) => stores.of(uri).otherParts(uri, token),
    tryOnce: (uri, token) => stores.of(uri).tryOnce(uri, token),
    committed: (uri, token, expected) => stores.of(uri).committed(uri, token, expected),
    discardPart: (uri, token) => stores.of(uri).discardPart(uri, token),
    putOnce: (uri, slices, token) => stores.of(uri).putOnce(uri, slices, token),
  };
}
