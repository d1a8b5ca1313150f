import { Module } from '@nestjs/common';
import { CameraModule } from '../camera/camera.module.js';
import { ViewTicketController } from './view-ticket.controller.js';
import { ViewTicketService } from './view-ticket.service.js';

@Module({ imports: [CameraModule], controllers: [ViewTicketController], providers: [ViewTicketService] })
export class ViewTicketModule {}
