/** File systems that do not outlive the container or the machine's power. */
const VOLATILE = new Set(['overlay', 'aufs', 'fuse-overlayfs', 'tmpfs', 'ramfs', 'rootfs']);

interface Mount {
  point: string;
  type: string;
}

/** Lines of /proc/self/mountinfo (proc(5)): `id parent major:minor root point options… - type source options`. */
const parseMounts = (mountinfo: string): Mount[] =>
  mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const point = before?.split(' ')[4];
    const type = after?.split(' ')[0];
    return point === undefined || type === undefined ? [] : [{ point: unescape(point), type }];
  });

const unescape = (point: string): string =>
  point.replace(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const contains = (point: string, path: string): boolean =>
  point === '/' || path === point || path.startsWith(`${point}/`);

/** Whether an absolute, resolved path lies on a mount of its own that keeps its content: not on a container's root, not in memory. */
export const isOnVolume = (path: string, mountinfo: string): boolean => {
  const mounts = parseMounts(mountinfo).filter(({ point }) => contains(point, path));
  // The longest mount point is the one in force; of two at the same point the later one covers the earlier.
  const mount = mounts.reduce<Mount | undefined>(
    (best, next) => (best === undefined || next.point.length >= best.point.length ? next : best),
    undefined,
  );
  return mount !== undefined && mount.point !== '/' && !VOLATILE.has(mount.type);
};
