import { LocalPaths } from './local/paths';
import { putLocalOnce } from './local/once';
import { tryLocalOnce, tryLocalTarget } from './local/trial';
import { discardLocalPart, localDigest, localTargetState, openLocalSink } from './local/sink';
import { openLocalSource } from './local/source';
import type { Storage, StorageRoot } from './ports';

/**
 * Storage over local files below the given roots: paths relative to `cwd`, absolute paths and `file://` URIs.
 * Missing parents of a target are created (0755; for `putOnce` 0700). A new target gets the mode that the process's
 * umask leaves, a replaced one keeps its mode.
 */
export function createStorage(o: { roots: StorageRoot[]; cwd: string }): Storage {
  const paths = new LocalPaths(o.roots, o.cwd);
  return {
    locality: o.roots.length > 0 && o.roots.every((root) => root.shared === true) ? 'shared' : 'host',
    async localityOf(uri) {
      return (await paths.target(uri)).root.shared === true ? 'shared' : 'host';
    },
    openSource: (uri, options = {}) => openLocalSource(paths, uri, options),
    openTarget: (uri, token, options = {}) => openLocalSink(paths, uri, token, options.resumeAt ?? 0),
    tryTarget: (uri, token) => tryLocalTarget(paths, uri, token),
    tryOnce: (uri, token) => tryLocalOnce(paths, uri, token),
    targetState: (uri, token, expected) => localTargetState(paths, uri, token, expected),
    digest: (uri) => localDigest(paths, uri),
    discardPart: (uri, token) => discardLocalPart(paths, uri, token),
    putOnce: (uri, slices, token) => putLocalOnce(paths, uri, slices, token),
  };
}
