import { targetError } from './errors';
import { openFormat } from './formats/source';
import { Guard } from './local/guard';
import { Markers } from './local/marker';
import { LocalPaths } from './local/paths';
import { putLocalOnce } from './local/once';
import { otherLocalParts, tryLocalOnce, tryLocalTarget } from './local/trial';
import { committedLocally, discardLocalPart, modesOf, openLocalSink, resumeLocalSink } from './local/sink';
import { openLocalSource } from './local/source';
import type { Storage, StorageRoot } from './ports';

/** Which local files a storage serves. */
export interface LocalStorageOptions {
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
 * they name (`payroll:june.csv`), absolute paths and `file://` URIs.
 * Missing parents of a target are created (for `putOnce` 0700). A new target gets `fileMode`, a replaced one keeps its
 * mode. Hidden files and the worker's own are refused.
 */
export function createStorage(o: LocalStorageOptions): Storage {
  const paths = new LocalPaths(o.roots, o.cwd, new Guard(o.own));
  const modes = modesOf(o.fileMode ?? 0o640);
  const markers = new Markers(paths, o.markers);
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
    locality: o.roots.length > 0 && o.roots.every((root) => root.shared === true) ? 'shared' : 'host',
    async localityOf(uri) {
      try {
        return (await paths.rootFor(uri)).shared === true ? 'shared' : 'host';
      } catch (error) {
        throw targetError(error, uri);
      }
    },
    async openSource(uri, { pinned, workbook = false } = {}) {
      const stored = await openLocalSource(paths, uri, pinned);
      try {
        return await openFormat(stored, workbook);
      } catch (error) {
        await stored.close();
        throw error;
      }
    },
    openTarget: (uri, token) => openLocalSink(paths, uri, token, modes),
    resumeTarget: (uri, token, state) => resumeLocalSink(paths, uri, token, state, modes),
    tryTarget: (uri, token) => tryLocalTarget(paths, uri, token, modes),
    otherParts: (uri, token) => otherLocalParts(paths, uri, token),
    tryOnce: (uri, token) => tryLocalOnce(paths, uri, token),
    committed: (uri, token, expected) => committedLocally(paths, uri, token, expected),
    discardPart: (uri, token) => discardLocalPart(paths, uri, token),
    putOnce: (uri, slices, token) => putLocalOnce(paths, uri, slices, token),
  };
}
