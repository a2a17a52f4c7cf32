import type { ContainerInfo } from 'dockerode';
import { aliasesOn } from '../../src/runtimes/docker/networks/network-names';

const container = (project: string, service: string, state = 'running') =>
  ({
    State: state,
    Names: [`/${project}-${service}-1`],
    NetworkSettings: { Networks: { edge: {} } },
    Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': service },
  }) as unknown as ContainerInfo;

describe('the names of others on a network', () => {
  it('are asked for where several services of one stack are there', () => {
    const { namesOfOthers } = aliasesOn('edge', [
      container('shop', 'web'),
      container('shop', 'db'),
      container('blog', 'web'),
      container('old', 'db', 'exited'),
    ]);
    expect(namesOfOthers).toEqual([
      { name: 'web', by: 'the compose project shop', isAsked: true },
      { name: 'shop-web-1', by: 'the compose project shop', isAsked: true },
      { name: 'db', by: 'the compose project shop', isAsked: true },
      { name: 'shop-db-1', by: 'the compose project shop', isAsked: true },
      { name: 'web', by: 'the compose project blog' },
      { name: 'blog-web-1', by: 'the compose project blog' },
    ]);
  });
  it('are not there where nobody is', () => expect(aliasesOn('lan', [container('shop', 'web')])).toEqual({}));
});
