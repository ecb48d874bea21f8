import type { Store } from '../ports';
import { putLocalOnce } from './once';
import type { LocalPaths } from './paths';
import { committedLocally, discardLocalPart, openLocalSink, resumeLocalSink, type Modes } from './sink';
import { openLocalSource } from './source';
import { otherLocalParts, tryLocalOnce, tryLocalTarget } from './trial';

/**
 * Files of this host below the roots. What gathers for a target stands beside it as `{target}.{token}.part`; a sink's state
 * is the offset up to which that is durable. Missing parents are created (for `putOnce` 0700).
 */
export function localStore(paths: LocalPaths, modes: Modes): Store {
  return {
    schemes: ['file'],
    openSource: (uri, pinned) => openLocalSource(paths, uri, pinned),
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
