import { loadStack } from '../../src/config';
import { replaceSources, sourcesOf } from '../../src/model/stack/secret-sources';
import { problemsIn } from '../support/problems';
import { stackOf, writeStack } from '../support/stack';

const fileOf = (trigger: object) => ({
  name: 'shop',
  secrets: { hook: { stored: true } },
  services: { web: { image: 'ghcr.io/acme/web:1' } },
  triggers: { push: { from: 'github', secret: 'hook', branches: ['main'], ...trigger } },
});
const problemsOf = (trigger: object) =>
  problemsIn(() => loadStack({ file: writeStack(fileOf(trigger)), shell: {} })).map(({ message }) => message);
const source = { stored: 'hook', sealed: '' };

describe('triggers of a stack file', () => {
  it('have their secret, filters and images', () => {
    expect(stackOf(fileOf({ tags: ['v*'], images: { web: 'ghcr.io/acme/web:{tag}' } })).triggers).toEqual([
      {
        name: 'push',
        from: 'github',
        secret: { name: 'hook', source },
        branches: ['main'],
        tags: ['v*'],
        images: { web: 'ghcr.io/acme/web:{tag}' },
      },
    ]);
    expect(stackOf(fileOf({ redeploy: true, services: ['web'] })).triggers).toMatchObject([{ services: ['web'] }]);
  });

  it('are settings of the engine in a Compose file', () => {
    const file = writeStack(
      {
        services: { web: { image: 'acme/web:1' } },
        'x-deploy-code': {
          secrets: { hook: { stored: true } },
          triggers: { hub: { from: 'dockerhub', secret: 'hook', images: { web: 'acme/web:{tag}' } } },
        },
      },
      'compose.yaml',
    );
    expect(loadStack({ file, shell: {} }).stack.triggers).toMatchObject([{ name: 'hub', secret: { source } }]);
  });

  it('seal their secret as every other one', () => {
    const stack = stackOf(fileOf({}));
    expect(sourcesOf(stack).filter((each) => 'stored' in each)).toHaveLength(2);
    const changed = replaceSources(stack, () => ({ sealed: 'x' }));
    expect(changed.triggers![0]!.secret).toEqual({ name: 'hook', source: { sealed: 'x' } });
  });

  it.each<[object, string]>([
    [{ secret: 'nowhere' }, 'the secret "nowhere" is not declared'],
    [{ from: 'gitea' }, 'github'],
    [{ branches: undefined }, 'needs branches or tags'],
    [{ from: 'ghcr' }, 'branches is not possible'],
    [{ images: { web: 'ghcr.io/acme/{tag}:1' } }, 'in the name of the repository'],
    [{ images: { web: '{tag}' } }, 'in the name of the repository'],
    [{ images: { web: 'acme/web-{commit}' } }, 'in the name of the repository'],
    [{ images: { web: 'localhost:{tag}/web' } }, 'in the name of the repository'],
    [{ images: { web: 'acme/web:{version}' } }, 'unknown placeholder {version}'],
    [{ images: { web: 'acme//web:{tag}' } }, 'is not an image'],
    [{ images: { web: 'acme/web:{tag} x' } }, 'is not an image'],
    [{ images: { wen: 'acme/web:{tag}' } }, 'there is no service "wen" (did you mean "web"?)'],
    [{ services: ['wen'] }, 'there is no service "wen"'],
    [{ images: { web: 'acme/web:{tag}' }, redeploy: true }, 'either images or redeploy'],
    [{ redeploy: false }, 'needs images, or redeploy: true'],
    [{ branches: ['a b'] }, 'write a name or a pattern'],
  ])('refuse %j', (trigger, message) => {
    expect(problemsOf(trigger)).toEqual([expect.stringContaining(message)]);
  });
});
