import { alterationsOf } from '../../src/kubernetes/alterations';
import type { WorkloadManifest } from '../../src/kubernetes';

const applied = {
  spec: {
    replicas: 1,
    suspend: false,
    template: {
      spec: {
        containers: [
          {
            name: 'api',
            image: 'api:1',
            args: ['serve'],
            env: [{ name: 'A', value: '1' }],
            resources: { limits: { cpu: '1000m', memory: '524288000' } },
            volumeMounts: [
              { name: 'config', mountPath: '/a' },
              { name: 'config', mountPath: '/b' },
            ],
          },
        ],
      },
    },
  },
} as unknown as WorkloadManifest;

const live = (
  change: (copy: {
    spec: {
      replicas?: number;
      paused?: boolean;
      template: {
        spec: {
          containers: {
            name: string;
            image?: string;
            args?: string[];
            env?: object[];
            resources?: object;
            volumeMounts?: object[];
          }[];
        };
      };
    };
  }) => void,
) => {
  const copy = {
    spec: {
      replicas: 1,
      template: {
        spec: {
          containers: [
            {
              name: 'api',
              image: 'api:1',
              args: ['serve'],
              env: [{ name: 'A', value: '1' }],
              resources: { limits: { cpu: '1', memory: '524288k' } },
              volumeMounts: [
                { name: 'token', mountPath: '/t' },
                { name: 'config', mountPath: '/a' },
                { name: 'config', mountPath: '/b' },
              ],
            },
          ],
        },
      },
    },
  };
  change(copy);
  return copy;
};

describe('the alterations of a workload', () => {
  it('are none where it is what was applied, as the cluster writes it, whatever others have added', () => {
    expect(
      alterationsOf(
        applied,
        live(() => undefined),
      ),
    ).toEqual([]);
    expect(
      alterationsOf(
        applied,
        live(({ spec }) => {
          spec.paused = true;
          spec.template.spec.containers.unshift({ name: 'sidecar', image: 'proxy:1' });
          spec.template.spec.containers[1]!.env!.unshift({ name: 'B', value: '2' });
        }),
      ),
    ).toEqual([]);
  });

  it('are what differs, at which path, and what it was', () => {
    expect(
      alterationsOf(
        applied,
        live(({ spec }) => {
          spec.replicas = 5;
          spec.template.spec.containers[0] = {
            ...spec.template.spec.containers[0]!,
            image: 'api:2',
            args: ['serve', 'more'],
            env: [],
            resources: { limits: { cpu: '2', memory: '524288k' } },
          };
        }),
      ),
    ).toEqual([
      'altered at spec.replicas: 5 instead of 1',
      'altered at spec.template.spec.containers[api].image: api:2 instead of api:1',
      'altered at spec.template.spec.containers[api].env[A].name: nothing instead of A',
      'altered at spec.template.spec.containers[api].env[A].value: nothing instead of 1',
      'altered at spec.template.spec.containers[api].resources.limits.cpu: 2 instead of 1000m',
    ]);
  });
});
