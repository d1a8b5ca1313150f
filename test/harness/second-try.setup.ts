/**
 * Most end-to-end tests wait for real processes and players, and a machine that is busy for a moment is no failure of theirs. What fails is run
 * once more, and said: the errors of the first time stand in the output.
 */
jest.retryTimes(1, { logErrorsBeforeRetry: true });
