/**
 * @param {readonly number[]} sorted smallest first, not empty
 * @param {number} share 0 … 1
 */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
