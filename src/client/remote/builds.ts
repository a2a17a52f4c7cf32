import { placeOfDeployment } from '../../model/names';
import type { Build } from '../../temporal/builds';
import { pathOf } from './paths';
import type { Transport } from './transport';

/** Builds of the engine that run side by side, through a server. */
export class RemoteBuilds {
  constructor(private readonly transport: Transport) {}

  async list(): Promise<Build[]> {
    const { builds } = await this.transport.ask<{ builds: Build[] }>('GET', '/builds');
    return builds.map((build) => ({ ...build, ...(build.since && { since: new Date(build.since) }) }));
  }

  promote(build: string): Promise<void> {
    return this.transport.ask('PUT', '/builds/current', { body: { build } });
  }

  async missing(workflowId: string): Promise<string | undefined> {
    return (await this.transport.ask<{ missing?: string }>('GET', `${of(workflowId)}/build`)).missing;
  }

  adopt(workflowId: string): Promise<void> {
    return this.transport.ask('POST', `${of(workflowId)}/adoption`);
  }
}

function of(workflowId: string): string {
  const name = workflowId.split('/').slice(3).join('/');
  return `${pathOf(placeOfDeployment(workflowId))}/deployments/${encodeURIComponent(name)}`;
}
