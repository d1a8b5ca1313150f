/**
 * Loaded into every process that the launcher starts: ends it when the launcher is gone, however it went.
 * The apps run detached, so that Ctrl-C reaches the launcher alone and the order of the stop is its own.
 */
const CUT_MS = 3_000;

process.on('disconnect', () => {
  // Node can hang in what it tears down after `exit` (https://github.com/nodejs/node/issues/54918), with all sockets
  // closed and every signal handler gone. Nobody is left who would cut it or ask for its status.
  process.prependListener('exit', cut);
  setTimeout(cut, CUT_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});

function cut() {
  process.kill(process.pid, 'SIGKILL');
}
