import { COMMAND_HOPS } from '@app/contracts';
import { ApiProperty } from '@nestjs/swagger';

export class FieldProblem {
  @ApiProperty({
    description: 'RFC 6901 JSON Pointer; a query key or path part is named like a member',
    example: '/name',
  })
  pointer!: string;

  @ApiProperty({ example: 'name must be longer than or equal to 1 characters' })
  detail!: string;
}

/** RFC 9457 problem details. */
export class Problem {
  @ApiProperty({ example: 'urn:adit:error:site-label-taken' })
  type!: string;

  @ApiProperty({ example: 'Site label taken' })
  title!: string;

  @ApiProperty({ type: 'integer', example: 409 })
  status!: number;

  @ApiProperty({ example: 'site-label-taken', description: 'stable: decide by it' })
  code!: string;

  @ApiProperty()
  detail!: string;

  @ApiProperty({ example: '/api/v1/sites' })
  instance!: string;

  @ApiProperty({ description: 'the X-Request-Id of the answer; the logs carry it' })
  correlationId!: string;

  @ApiProperty({
    enum: COMMAND_HOPS,
    required: false,
    description: 'of `command-timeout`: where the command was still on its way',
  })
  hop?: string;

  @ApiProperty({ type: [FieldProblem], required: false })
  errors?: FieldProblem[];
}
