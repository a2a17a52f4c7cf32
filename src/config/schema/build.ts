import { z } from 'zod';
import { assignments, flag, names, oneOrMore, size } from './values';

const byBuildx = 'Needs `docker buildx`.';

const secretUse = z.union([
  z.string(),
  z.object({
    source: z.string().describe('Name under the top-level `secrets`.'),
    target: z.string().optional().describe('ID of the secret in the Dockerfile; default its name.'),
  }),
]);

/** How to build the image of a service. The keys are those of Compose. */
export const build = z
  .union([
    z.string(),
    z.strictObject({
      context: z.string().optional().describe('Folder with the files, or the URL of a Git repository; default `.`.'),
      dockerfile: z.string().optional().describe('Path in the context; default `Dockerfile`.'),
      dockerfile_inline: z.string().optional().describe('The text of the Dockerfile, instead of a file.'),
      target: z.string().optional().describe('Stage to build; default the last one.'),
      args: assignments
        .optional()
        .describe('Values of `ARG`. They are part of the image: pass credentials as secrets.'),
      labels: assignments.optional().describe('Labels of the image.'),
      secrets: z
        .array(secretUse)
        .optional()
        .describe(`Secrets of a file or a variable of this machine, for \`RUN --mount=type=secret\`. ${byBuildx}`),
      ssh: z
        .union([z.string(), names, z.record(z.string(), z.union([z.string(), z.null()]))])
        .optional()
        .describe(`SSH agents or keys for \`RUN --mount=type=ssh\`: \`default\`, or \`id=path\`. ${byBuildx}`),
      additional_contexts: assignments
        .optional()
        .describe(`Further contexts by name: folders, URLs, \`docker-image://…\` or \`service:NAME\`. ${byBuildx}`),
      cache_from: names.optional().describe('Images or caches to take layers from.'),
      cache_to: names.optional().describe(`Where to write the cache. ${byBuildx}`),
      platforms: names
        .optional()
        .describe('Platforms such as `linux/arm64`. All are built for a registry, else the one of this machine.'),
      tags: names.optional().describe('Further names that the image gets in the Docker that builds it.'),
      network: z.string().optional().describe('Network of `RUN` steps.'),
      no_cache: flag.optional().describe('Builds every step anew.'),
      no_cache_filter: oneOrMore.optional().describe(`Stages to build anew. ${byBuildx}`),
      pull: flag.optional().describe('Asks the registry for newer base images.'),
      shm_size: size.optional(),
      extra_hosts: assignments.optional().describe('Host names in `RUN` steps.'),
      ulimits: z.record(z.string(), z.union([z.number(), z.object({ soft: z.number(), hard: z.number() })])).optional(),
      privileged: flag.optional().describe(`Elevated privileges for \`RUN\` steps. ${byBuildx}`),
      entitlements: names.optional().describe(`Further privileges, such as \`network.host\`. ${byBuildx}`),
      provenance: z.union([z.string(), z.boolean()]).optional().describe(`Provenance attestation. ${byBuildx}`),
      sbom: z.union([z.string(), z.boolean()]).optional().describe(`SBOM attestation. ${byBuildx}`),
    }),
  ])
  .describe('Builds the image on the machine of the command line: a folder, or a map.');

export type BuildInput = z.infer<typeof build>;
