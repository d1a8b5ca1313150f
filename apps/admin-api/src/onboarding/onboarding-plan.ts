import { displayName, siteLabel } from '@app/contracts';
import type { NewOnboardingRow } from '@app/persistence';
import { z } from 'zod';
import type { OnboardingRowError } from './onboarding.dto.js';
import { PLAIN_TEXT } from '../site/site.dto.js';
import { isTags, TAGS_RULE } from '../site/tags.js';
import { COLUMNS } from './onboarding-columns.js';
import type { DraftRow, Sheet } from './onboarding-sheet.js';

export const MAX_ROWS = 1_000;
const DAY_SECONDS = 86_400;

const plainText = (most: number) =>
  z.string().trim().min(1).max(most).regex(PLAIN_TEXT, 'no characters for control or for the writing direction');

/** A site as `POST /sites` takes it, its location in columns. */
const rowSchema = z
  .strictObject({
    name: displayName,
    label: siteLabel.optional(),
    tags: z.custom<Record<string, string>>((value) => isTags(value, false), TAGS_RULE).optional(),
    address: plainText(500).optional(),
    latitude: z.number().min(-90).max(90).optional(),
    longitude: z.number().min(-180).max(180).optional(),
    notes: plainText(4_000).optional(),
    validForSeconds: z
      .int()
      .min(60)
      .max(30 * DAY_SECONDS)
      .optional(),
  })
  .superRefine(({ latitude, longitude }, context) => {
    if ((latitude === undefined) === (longitude === undefined)) return;
    const path = [latitude === undefined ? 'latitude' : 'longitude'];
    context.addIssue({ code: 'custom', path, message: 'latitude and longitude go together' });
  });

export interface Plan {
  rows: NewOnboardingRow[];
  /** All there are, in the order of the file. */
  errors: OnboardingRowError[];
}

/** Checks everything that needs no database. */
export const planOf = (sheet: Sheet): Plan => {
  const { rows: drafts } = sheet;
  const errors = [...sheet.errors];
  if (drafts.length === 0 && errors.length === 0) errors.push(whole('missing', 'there is no site in it'));
  if (drafts.length > MAX_ROWS) {
    return { rows: [], errors: [whole('invalid', `${drafts.length} sites, at most ${MAX_ROWS} go at once`)] };
  }
  const rows: NewOnboardingRow[] = [];
  for (const draft of drafts) {
    const result = rowSchema.safeParse(draft.members);
    if (result.success) rows.push(result.data);
    else errors.push(...result.error.issues.flatMap((issue) => toErrors(draft, issue)));
  }
  errors.push(...duplicates(drafts));
  return { rows, errors: inOrder(errors) };
};

/** @param taken labels that other sites have */
export const takenErrors = (sheet: Sheet, taken: ReadonlySet<string>): OnboardingRowError[] =>
  sheet.rows.flatMap((draft) => {
    const { label } = draft.members;
    if (typeof label !== 'string' || !taken.has(label)) return [];
    return [at(draft, 'label', 'taken', `another site has the label ${label}`)];
  });

export const inOrder = (errors: OnboardingRowError[]): OnboardingRowError[] => errors.toSorted((a, b) => a.row - b.row);

const whole = (code: string, detail: string): OnboardingRowError => ({ row: 0, line: null, column: '', code, detail });

const at = ({ row, line }: DraftRow, column: string, code: string, detail: string): OnboardingRowError => ({
  row,
  line,
  column,
  code,
  detail,
});

const toErrors = (draft: DraftRow, issue: z.core.$ZodIssue): OnboardingRowError[] => {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at(draft, key.slice(0, 100), 'unknown', `columns are ${COLUMNS.join(', ')}`));
  }
  const column = String(issue.path[0] ?? '');
  const code = column in draft.members ? 'invalid' : 'missing';
  return [at(draft, column, code, code === 'missing' ? 'it is missing' : issue.message)];
};

const duplicates = (drafts: readonly DraftRow[]): OnboardingRowError[] => {
  const first = new Map<string, number>();
  return drafts.flatMap((draft) => {
    const { label } = draft.members;
    if (typeof label !== 'string') return [];
    const earlier = first.get(label);
    if (earlier === undefined) first.set(label, draft.row);
    return earlier === undefined ? [] : [at(draft, 'label', 'duplicate', `row ${earlier} has it too`)];
  });
};
