/**
 * @typedef {object} Figure
 * @property {string} figure what is measured
 * @property {number} value
 * @property {string} unit
 * @property {string} [reference] what it is compared with
 * @property {number} [referenceValue] in the same unit
 * @property {string} [bar] `value` or `ratio`, `<=` or `>=`, a number
 *
 * @typedef {object} Report given to the default export of a benchmark and of a part of the soak
 * @property {(figure: Figure) => void} report
 * @property {(line: string) => void} progress
 */

/**
 * What is printed of a figure; undefined members are left out.
 * @param {Figure} figure
 */
export function judged({ figure, value, unit, reference, referenceValue, bar }) {
  const ratio = referenceValue === undefined ? undefined : round(value / referenceValue);
  const ok = bar === undefined ? undefined : holds(bar, value, ratio);
  return { figure, value: round(value), unit, reference, referenceValue, ratio, bar, ok };
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(4));
}

/**
 * @param {string} bar
 * @param {number} value
 * @param {number | undefined} ratio
 */
function holds(bar, value, ratio) {
  const [, subject, operator, limit] = /^(value|ratio) (<=|>=) (\S+)$/.exec(bar) ?? [];
  const measured = subject === 'ratio' ? ratio : value;
  if (subject === undefined || measured === undefined)
    throw new Error(`the bar ${JSON.stringify(bar)} has another form`);
  return operator === '<=' ? measured <= Number(limit) : measured >= Number(limit);
}
