import type { MigrationInterface, QueryRunner } from 'typeorm';
import { apiTokens } from './operator-access/api-tokens.js';
import { operators, withoutOperators } from './operator-access/operators.js';
import { signInAttempts } from './operator-access/sign-in-attempts.js';
import { tenants, withoutTenants } from './operator-access/tenants.js';
import { dropLookups, firstLookups, lookups } from './operator-access/lookups.js';

/** Roles and identities of operators, sessions that idle out, API tokens, attempts to sign in, tenants made by REST. */
export class OperatorAccess1700000000003 implements MigrationInterface {
  readonly name = 'OperatorAccess1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const part of [operators, apiTokens, signInAttempts, tenants, dropLookups, lookups]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP VIEW api_token_lookup; DROP TABLE sign_in_attempt, api_token;');
    for (const part of [withoutTenants, dropLookups, withoutOperators, firstLookups]) await runner.query(part);
  }
}
