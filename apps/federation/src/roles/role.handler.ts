import { roleCreate, roleDelete, roleGet, roleList, roleUpdate, type FederationRole } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { RoleService } from './role.service.js';

@Controller()
export class RoleHandler {
  constructor(private readonly roles: RoleService) {}

  @HandleRequest(roleList)
  list(@Payload() request: z.output<typeof roleList.request>): Promise<z.input<typeof roleList.reply>> {
    return this.roles.list(request);
  }

  @HandleRequest(roleGet)
  get(@Payload() request: z.output<typeof roleGet.request>): Promise<FederationRole> {
    return this.roles.get(request.tenantId, request.roleId);
  }

  @HandleRequest(roleUpdate)
  update(@Payload() request: z.output<typeof roleUpdate.request>): Promise<FederationRole> {
    return this.roles.update(request);
  }

  @HandleRequest(roleCreate)
  create(@Payload() request: z.output<typeof roleCreate.request>): Promise<FederationRole> {
    return this.roles.create(request);
  }

  @HandleRequest(roleDelete)
  remove(@Payload() request: z.output<typeof roleDelete.request>): Promise<object> {
    return this.roles.remove(request);
  }
}
