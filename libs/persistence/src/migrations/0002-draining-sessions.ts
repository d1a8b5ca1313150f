import type { MigrationInterface, QueryRunner } from 'typeorm';

const SIGNATURE = 'supersede_sessions(uuid, uuid)';

/** What a broker drains is its whole process, hence the mark is the broker's state and no column of the session. */
const supersede = `
CREATE FUNCTION supersede_sessions(agent uuid, keep uuid) RETURNS TABLE (session_id uuid, moved boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  WITH kept AS (SELECT epoch, instance_id FROM tunnel_session WHERE id = keep),
  older AS (
    SELECT t.id, t.instance_id = kept.instance_id AS same, t.instance_id = kept.instance_id AND b.state = 'draining' AS moved
      FROM kept JOIN tunnel_session t ON t.agent_id = agent AND t.epoch < kept.epoch JOIN broker b ON b.id = t.broker_id
     WHERE t.id <> keep AND t.closed_at IS NULL),
  ended AS (
    UPDATE tunnel_session t SET closed_at = now(), close_reason = CASE WHEN o.same THEN 'reconnected' ELSE 'superseded' END
      FROM older o WHERE o.id = t.id AND NOT o.moved)
  SELECT id, moved FROM older $$;`;

const callable = `
ALTER FUNCTION ${SIGNATURE} OWNER TO adit_system;
REVOKE ALL ON FUNCTION ${SIGNATURE} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ${SIGNATURE} TO adit_tunnel_broker;`;

/**
 * A session that drains is left to finish when the same process of the agent opens its next one elsewhere. The function of
 * three arguments stays for brokers of the version before, which serve while others are updated.
 */
export class DrainingSessions1700000000002 implements MigrationInterface {
  readonly name = 'DrainingSessions1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(supersede + callable);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION ${SIGNATURE}`);
  }
}
