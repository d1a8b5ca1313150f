import type { MigrationInterface, QueryRunner } from 'typeorm';

/** All tickets of before were minted with the highest level. */
const level = `
ALTER TABLE view_ticket ADD COLUMN user_level smallint NOT NULL DEFAULT 1 CHECK (user_level BETWEEN 1 AND 254);`;

/** A list of tickets tells who goes first where too many watch; the redirector reads it in the ticket itself. */
export class ViewTicketLevel1700000000011 implements MigrationInterface {
  readonly name = 'ViewTicketLevel1700000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(level);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE view_ticket DROP COLUMN user_level');
  }
}
