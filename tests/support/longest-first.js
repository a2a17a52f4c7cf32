const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * The suites that take longest, longest first. Jest starts large files first where it remembers no run, as in a fresh
 * clone; a long suite in a short file would begin last, and one worker would wait for it.
 */
const longest = [
  'integration/rollouts',
  'integration/kubernetes',
  'integration/front-door',
  'integration/cli',
  'runtimes/docker',
  'integration/docker',
  'integration/compose-stacks',
  'integration/secrets',
  'workflows/steering',
  'workflows/hosts',
  'integration/image-builds',
  'runtimes/kubernetes',
  'integration/daily-commands',
  'integration/durability',
];

const place = ({ path }) => {
  const index = longest.findIndex((name) => path.endsWith(`tests/${name}.test.ts`));
  return index < 0 ? longest.length : index;
};

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => place(one) - place(other));
  }
};
