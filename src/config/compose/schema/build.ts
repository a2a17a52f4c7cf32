import { z } from 'zod';
import { assignments, boolean, bytes, extraHosts, options, text, texts, textOrTexts, ulimits } from './values';
import { fileUses } from './files';

const textOrBoolean = z.union([text, z.boolean()]);

/** `build` of a service. */
export const build = z.union([
  text,
  options({
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    entitlements: texts,
    args: assignments,
    ssh: assignments,
    labels: assignments,
    cache_from: texts,
    cache_to: texts,
    no_cache: boolean,
    no_cache_filter: textOrTexts,
    additional_contexts: assignments,
    network: text,
    provenance: textOrBoolean,
    sbom: textOrBoolean,
    pull: boolean,
    target: text,
    shm_size: bytes,
    extra_hosts: extraHosts,
    isolation: text,
    privileged: boolean,
    secrets: fileUses,
    tags: texts,
    ulimits,
    platforms: texts,
  }),
]);
