import { z } from 'zod';
import { triggerKinds } from '../../../model/hooks';
import { choice, flag } from '../values';

const patterns = z
  .array(z.string().regex(/^[\w.+@*/-]{1,200}$/, 'write a name or a pattern such as main, release/* or v*'))
  .max(50);

/** A request from outside that makes the environment deploy. */
export const trigger = z
  .strictObject({
    from: choice(...triggerKinds).describe(
      'Sender. `github` and `gitlab`: a push to a repository. `dockerhub`, `ghcr` and `harbor`: an image that was ' +
        'pushed. `signed`: a program of your own.',
    ),
    secret: z
      .string()
      .min(1)
      .describe('Name under the top-level `secrets`: what requests are signed with, at least 16 characters.'),
    repositories: patterns
      .optional()
      .describe('Repositories, such as `acme/shop`, or of images, such as `ghcr.io/acme/*`; default any.'),
    branches: patterns
      .optional()
      .describe('Branches, such as `main` and `release/*`. `*` is any text without a slash, `**` any text.'),
    tags: patterns.optional().describe('Tags of the repository or of the image, such as `v*`.'),
    images: z
      .record(z.string(), z.string().max(500))
      .optional()
      .describe(
        'Images that services get, by service: `{web: ghcr.io/acme/web:{tag}}` (quote it in YAML). Placeholders: ' +
          '`{tag}`, `{branch}`, `{commit}`, `{short_commit}`, `{digest}`. A pushed image changes the services only ' +
          'whose image is of its repository.',
      ),
    redeploy: flag
      .optional()
      .describe('Deploy the current release again with fresh images, instead of `images`; default without `images`.'),
    services: z.array(z.string()).min(1).optional().describe('With `redeploy`: only these services.'),
  })
  .describe('The address of a trigger is `/hooks/STACK/ENVIRONMENT/NAME` at `deploy-code server`.');
