/**
 * Loaded into every process that the launcher starts: ends it when the launcher is gone, however it went.
 * The apps run detached, so that Ctrl-C reaches the launcher alone and the order of the stop is its own.
 */
const CUT_MS = 3_000;

process.on('disconnect', () => {
  setTimeout(() => process.exit(0), CUT_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
