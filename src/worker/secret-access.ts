import { readFileSync, realpathSync } from 'node:fs';

/** What the system says of a file, and of the process that reads it. */
export interface Access {
  uid: number;
  gid: number;
  mode: number;
  /** Whether it lies on a mount that cannot be written to, as orchestrators give secrets. */
  readOnly: boolean;
  process: { uid: number; gids: readonly number[] };
}

/** Whether a secret may be read: `open` is told, `exposed` is refused. */
export type Judgement = 'private' | 'open' | 'exposed';

/**
 * Judges who else can read a secret. Left open by its owner it is refused: that is a mistake, and `chmod` mends it.
 * What an orchestrator mounted is not: Kubernetes gives files of root to the group of the pod (`fsGroup`, 0440), Docker
 * Swarm 0444 files of root, both on mounts where nobody can change that. There an open file is worth a warning.
 */
export function judgeAccess(access: Access): Judgement {
  const { uid, gid, mode, readOnly } = access;
  const others = mode & 0o077;
  if (others === 0) return 'private';
  const ours = uid === access.process.uid;
  // Given to a group that this process is in, by somebody who is not us or cannot write to it either.
  const given = uid === 0 && others === 0o040 && access.process.gids.includes(gid);
  if (given && (readOnly || !ours || (mode & 0o200) === 0)) return 'private';
  return readOnly ? 'open' : 'exposed';
}

/** A path as mount tables write it: blanks and the like are octal. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

/** Whether the mount that a path (without links) lies on is read-only, by Linux's `/proc/self/mountinfo`. */
export function mountIsReadOnly(mountInfo: string, path: string): boolean {
  let found = { point: '', readOnly: false };
  for (const line of mountInfo.split('\n')) {
    const [mount = '', system = ''] = line.split(' - ');
    const [, , , , rawPoint, options = ''] = mount.split(' ');
    if (rawPoint === undefined) continue;
    const point = unescaped(rawPoint);
    const below = point === '/' ? '/' : `${point}/`;
    // A later mount at the same place hides the earlier one.
    if ((path !== point && !path.startsWith(below)) || point.length < found.point.length) continue;
    const superOptions = system.split(' ')[2] ?? '';
    found = { point, readOnly: [options, superOptions].some((list) => list.split(',').includes('ro')) };
  }
  return found.readOnly;
}

/** Whether nobody can write where the file lies. What cannot be found out counts as writable. */
export function liesReadOnly(file: string): boolean {
  try {
    return mountIsReadOnly(readFileSync('/proc/self/mountinfo', 'utf8'), realpathSync(file));
  } catch {
    return false;
  }
}
