import { cameraGet, cameraList, type Camera } from '@app/contracts';
import { HandleRequest } from '@app/runtime';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import { CameraService } from './camera.service.js';

@Controller()
export class CameraHandler {
  constructor(private readonly cameras: CameraService) {}

  @HandleRequest(cameraList)
  list(@Payload() request: z.output<typeof cameraList.request>): Promise<z.input<typeof cameraList.reply>> {
    return this.cameras.list(request);
  }

  @HandleRequest(cameraGet)
  get(@Payload() request: z.output<typeof cameraGet.request>): Promise<Camera> {
    return this.cameras.get(request.tenantId, request.cameraId);
  }
}
