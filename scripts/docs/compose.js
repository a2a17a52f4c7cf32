// What the configuration page says of compose. By hand: src/config/read/compose-spellings.ts is what it describes.

const composeSpellings = [
  ['anchors, `<<`, `x-*`, `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${VAR:+other}`, `$$`', 'the same'],
  ['`!override`, `!reset` in an overlay', 'the same'],
  ['`healthcheck`', '`health_check`'],
  ['`healthcheck.test: [CMD, a, b]`', '`health_check.command: [a, b]`'],
  [
    '`healthcheck.test: [CMD-SHELL, text]`, `healthcheck.test: text`',
    '`health_check.command: text`, which runs in `/bin/sh -c`',
  ],
  ['`healthcheck.disable: true`, `healthcheck.test: [NONE]`', '`health_check: {disable: true}`'],
  ['`healthcheck.start_interval`', 'ignored: probes start within milliseconds anyway'],
  ['`depends_on: {db: {condition: service_healthy}}`', '`depends_on: {db: healthy}`'],
  ['`condition: service_started`, `service_completed_successfully`', '`started`, `completed`'],
  ['`deploy.replicas`', '`replicas`'],
  ['`deploy.labels`', '`labels`, if the service has none'],
  ['`deploy.resources.limits`, `deploy.resources.reservations`', '`resources.limit`, `resources.reserve`'],
  ['`deploy.restart_policy`', '`restart`, if the service has none'],
  [
    '`mem_limit`, `mem_reservation`, `cpus`',
    '`resources.limit.memory`, `resources.reserve.memory`, `resources.limit.cpus`',
  ],
  ['`restart: false`', '`restart: "no"`'],
  ['a single `ipam.config[0].subnet` of a network', '`cidr`; more than that stays `ipam`'],
  ['`build`, `container_name`, other keys of `deploy`', 'refused, each with an explanation'],
];

/** Keys of a service that mean what they mean in compose. */
const sameInCompose = [
  'entrypoint',
  'working_dir',
  'user',
  'networks.<name>.aliases',
  'stop_signal',
  'labels',
  'logging.driver',
  'logging.options',
  'init',
  'shm_size',
  'tmpfs',
  'cap_add',
  'cap_drop',
  'read_only',
  'extra_hosts',
  'ports[].host_ip',
  'ports[].protocol',
  'volumes[].type',
  'volumes[].source',
  'volumes[].target',
  'volumes[].read_only',
  'configs[].source',
  'configs[].target',
  'configs[].mode',
];

module.exports = { composeSpellings, sameInCompose };
