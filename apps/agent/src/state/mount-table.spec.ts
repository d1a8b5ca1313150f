import { isOnVolume } from './mount-table.js';

const MOUNTS = [
  '600 500 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l',
  '601 600 0:51 / /dev rw,nosuid - tmpfs tmpfs rw',
  '602 600 8:1 /var/lib/docker/volumes/a/_data /var/lib/adit rw,relatime - ext4 /dev/sda1 rw',
  '603 600 0:52 / /scratch rw - tmpfs tmpfs rw',
  '604 600 8:2 / /mnt/with\\040space rw - xfs /dev/sdb rw',
  '605 600 8:1 /etc/hosts /etc/hosts rw - ext4 /dev/sda1 rw',
  '',
].join('\n');

it.each([
  ['/var/lib/adit', true],
  ['/var/lib/adit/state', true],
  ['/var/lib/aditx', false],
  ['/var/lib', false],
  ['/home/node/adit-agent-state', false],
  ['/scratch/state', false],
  ['/mnt/with space/state', true],
])('%s is on a volume of its own: %s', (path, expected) => {
  expect(isOnVolume(path, MOUNTS)).toBe(expected);
});

it('takes the later of two mounts at one place, because it covers the other', () => {
  const covered = `${MOUNTS}700 602 0:60 / /var/lib/adit rw - tmpfs tmpfs rw\n`;
  expect(isOnVolume('/var/lib/adit', covered)).toBe(false);
});
