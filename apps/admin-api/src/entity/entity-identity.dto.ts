import { ApiProperty } from '@nestjs/swagger';

/** Which entity it is, and who reports it. */
export class EntityIdentity {
  @ApiProperty({ format: 'uuid', description: 'the same for ever for the same site and remote id' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  siteId!: string;

  @ApiProperty()
  siteLabel!: string;

  @ApiProperty({ format: 'uuid' })
  roleId!: string;

  @ApiProperty({ description: 'the site’s own key of it' })
  remoteId!: string;
}
