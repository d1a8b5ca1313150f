import { Module } from '@nestjs/common';
import { RevocationModule } from '../revocation/revocation.module.js';
import { KeyfileHandler } from './keyfile.handler.js';
import { KeyfileRegeneration } from './keyfile-regeneration.service.js';
import { KeyfileRepository } from './keyfile.repository.js';
import { KeyfileService } from './keyfile.service.js';

@Module({
  imports: [RevocationModule],
  controllers: [KeyfileHandler],
  providers: [KeyfileService, KeyfileRegeneration, KeyfileRepository],
})
export class KeyfileModule {}
