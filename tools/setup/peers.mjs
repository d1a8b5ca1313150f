import { accessSync, constants, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

const APT_MS = 10 * 60_000;

/**
 * What the tests play against, and the Debian packages that bring it.
 * @type {{ need: string, packages: string[], isThere: () => boolean }[]}
 */
const PEERS = [
  { need: 'ffmpeg', packages: ['ffmpeg'], isThere: () => onPath('ffmpeg') && onPath('ffprobe') },
  {
    need: 'GStreamer',
    packages: [
      'gstreamer1.0-tools',
      'gstreamer1.0-rtsp',
      'gstreamer1.0-plugins-base',
      'gstreamer1.0-plugins-good',
      'gstreamer1.0-plugins-bad',
      'gstreamer1.0-plugins-ugly',
      'gstreamer1.0-libav',
    ],
    isThere: () =>
      onPath('gst-launch-1.0') && succeeds('gst-inspect-1.0', ['rtspsrc', 'x264enc', 'avdec_h264', 'h264parse']),
  },
  {
    need: 'gst-rtsp-server for python3',
    packages: ['python3', 'python3-gi', 'gir1.2-gst-rtsp-server-1.0'],
    isThere: () =>
      succeeds('/usr/bin/python3', [
        '-c',
        'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer',
      ]),
  },
  { need: 'Chromium', packages: ['chromium'], isThere: () => onPath('chromium') },
  { need: 'onvif-util', packages: ['onvif-tools'], isThere: () => onPath('onvif-util') },
  { need: 'nats-server', packages: ['nats-server'], isThere: () => onPath('nats-server') },
  { need: 'tcpdump', packages: ['tcpdump'], isThere: () => onPath('tcpdump') },
  { need: 'openssl', packages: ['openssl'], isThere: () => onPath('openssl') },
  { need: 'ip', packages: ['iproute2'], isThere: () => onPath('ip') },
  { need: 'iptables', packages: ['iptables'], isThere: () => onPath('iptables') },
];

/**
 * Installs what is missing where that is possible: as root on a machine with apt.
 * @param {(line: string) => void} say
 * @throws {Error} one line that says what to install
 */
export function installPeers(say) {
  const missing = PEERS.filter((peer) => !peer.isThere());
  if (missing.length === 0) return;
  const packages = missing.flatMap((peer) => peer.packages);
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const names = missing.map((peer) => peer.need).join(', ');
  if (process.getuid?.() !== 0 || !isDebian()) {
    throw new Error(`the tests need ${names}; on Debian and Ubuntu: sudo ${command}`);
  }
  say(`installing ${names} for the tests …`);
  apt(['update', '-qq']);
  apt(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  const still = missing.filter((peer) => !peer.isThere()).map((peer) => peer.need);
  if (still.length > 0) throw new Error(`the tests need ${still.join(', ')}, which this did not bring: ${command}`);
}

/** @param {string[]} args */
function apt(args) {
  const { status, stderr } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: APT_MS,
    maxBuffer: 32 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${(stderr ?? '').trim().slice(-2_000)}`);
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8')) && onPath('apt-get');
  } catch {
    return false;
  }
}

/** @param {string} name */
function onPath(name) {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return dirs.some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * @param {string} file
 * @param {string[]} args
 */
function succeeds(file, args) {
  return spawnSync(file, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}
