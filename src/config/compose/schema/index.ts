import { z } from 'zod';
import { service } from './service';
import {
  assignments,
  boolean,
  driverOptions,
  external,
  map,
  named,
  options,
  text,
  texts,
  textOrTexts,
  wholeNumber,
  orNull,
} from './values';

const network = options({
  name: text,
  driver: text,
  driver_opts: driverOptions,
  ipam: options({
    driver: text,
    config: z.array(options({ subnet: text, ip_range: text, gateway: text, aux_addresses: z.record(text, text) })),
    options: z.record(text, text),
  }),
  external,
  internal: boolean,
  enable_ipv4: boolean,
  enable_ipv6: boolean,
  attachable: boolean,
  labels: assignments,
});

const volume = options({ name: text, driver: text, driver_opts: driverOptions, external, labels: assignments });

const file = {
  name: text,
  environment: text,
  file: text,
  external,
  labels: assignments,
  template_driver: text,
};

const model = map({
  model: text,
  name: text.optional(),
  context_size: wholeNumber.optional(),
  runtime_flags: texts.optional(),
});

const include = orNull(
  z.array(
    z.union([
      text,
      map({
        path: z.union([text.min(1, 'is empty'), texts.min(1, 'is empty; name a file')]),
        env_file: textOrTexts.optional(),
        project_directory: text.optional(),
      }),
    ]),
  ),
);

/** A Compose file as the Compose Specification has it, with variables already filled in. */
export const composeFile = options({
  version: text,
  name: text,
  include,
  services: named(service),
  networks: named(orNull(network)),
  volumes: named(orNull(volume)),
  secrets: named(options({ ...file, driver: text, driver_opts: driverOptions })),
  configs: named(options({ ...file, content: text })),
  models: named(model),
});
