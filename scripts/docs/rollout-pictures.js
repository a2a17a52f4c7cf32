// docs/images/rollouts/*.svg: what the plan of each example in configs/rollouts does, second by second.
const { join } = require('node:path');
const { loadStack } = require('../../dist/config');
const { balancerName } = require('../../dist/model/traffic');
const { stageMs } = require('../../dist/plan/estimate');
const { stepsOf, servicesOf } = require('../../dist/plan/plan');
const { makePlan } = require('../../dist/plan/planner');
const { initialTraffic } = require('../../dist/runtimes/memory/balancer');

const width = 760;
const left = 92;
const right = 12;
const areaTop = 34;
const areaHeight = 84;
const barHeight = 11;
/** A long wait is drawn shorter than it is. */
const longestDrawnMs = 6000;
const colours = { old: '#98a2b3', next: '#2f9e6e', faint: '#cfe8dc', text: '#344054' };

const files = { rolling: 'rolling.yaml', 'blue-green': 'blue-green.yaml', canary: 'canary.yaml' };

function rolloutPictures() {
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => [`docs/images/rollouts/${name}.svg`, picture(timelineOf(file), name)]),
  );
}

/** Version 2 deployed over version 1. */
function planOf(file) {
  const stack = (VERSION) =>
    loadStack({
      file: join(__dirname, '../../configs/rollouts', file),
      variables: { VERSION, PORT: '8080' },
      shell: {},
    }).stack;
  const empty = {
    instances: [],
    networks: [],
    volumes: [],
    images: [],
    portsInUse: [],
    secrets: {},
    capacity: {
      host: 'docker://example',
      local: true,
      total: { cpus: 8, memory: 2 ** 36, gpus: 0, storage: 0 },
      reservedByOthers: {},
    },
  };
  const ask = (version, observation, deployment) =>
    makePlan({
      stack: stack(version),
      observation,
      intent: { kind: 'deploy', force: false },
      deployment,
      release: { to: deployment },
      jobs: {},
      taskQueue: '',
    }).plan;
  const started = stepsOf(ask('1', empty, 1).phases).flatMap((step) => (step.kind === 'start' ? [step.instance] : []));
  const instances = started.map((spec) => ({
    ...spec,
    id: spec.name,
    state: 'running',
    policy: spec.restart,
    networks: [],
    imageId: '',
  }));
  return ask(
    '2',
    { ...empty, instances, traffic: initialTraffic(started.find(({ service }) => service === balancerName)) },
    2,
  );
}

function timelineOf(file) {
  const plan = planOf(file);
  const web = servicesOf(plan.phases).find(({ name }) => name === 'web');
  const bars = new Map();
  const shares = [{ at: 0, next: 0 }];
  const marks = [];
  let at = 0;
  for (const stage of [...web.stages, ...web.tail]) {
    const took = Math.min(longestDrawnMs, Math.max(250, stageMs(stage)));
    for (const step of stage.flat()) {
      if (step.kind === 'start') bars.set(step.instance.name, { begin: at, ready: at + took });
      if (step.kind === 'retire') bars.set(step.instance.name, { begin: 0, ready: 0, end: at + took, old: true });
      if (step.kind === 'route')
        shares.push({
          at: at + took,
          next: step.tables[0].targets.reduce(
            (sum, { address, weight }) => sum + (address.includes('-d2:') ? weight : 0),
            0,
          ),
        });
      if (['route', 'hold', 'test', 'approve'].includes(step.kind))
        marks.push({ at: step.kind === 'route' ? at + took : at + took / 2, text: step.title });
    }
    at += took;
  }
  for (const { instance } of plan.cleanup.filter(({ kind, service }) => kind === 'remove' && service === 'web'))
    if (!bars.has(instance.name)) bars.set(instance.name, { begin: 0, ready: 0, end: at, old: true });
  return {
    bars: [...bars].sort(([, a], [, b]) => Number(b.old ?? false) - Number(a.old ?? false)),
    shares,
    marks,
    total: at + 800,
  };
}

function picture({ bars, shares, marks, total }, name) {
  const x = (ms) => round(left + ((width - left - right) * ms) / total);
  const y = (percent) => round(areaTop + areaHeight * (1 - percent / 100));
  const barsTop = areaTop + areaHeight + 26;
  const legendTop = barsTop + bars.length * (barHeight + 4) + 22;
  const height = legendTop + Math.ceil(marks.length / 2) * 16 + 4;
  const edge = shares.flatMap(({ at, next }, index) => [
    `${x(at)},${y(shares[index - 1]?.next ?? 0)}`,
    `${x(at)},${y(next)}`,
  ]);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
      `font-family="system-ui, sans-serif" font-size="11" fill="${colours.text}">`,
    `<title>${name}: requests and instances while version 2 replaces version 1</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<rect x="${left}" y="${areaTop}" width="${x(total) - left}" height="${areaHeight}" fill="${colours.old}"/>`,
    `<polygon points="${left},${y(0)} ${edge.join(' ')} ` +
      `${x(total)},${y(shares.at(-1).next)} ${x(total)},${y(0)}" fill="${colours.next}"/>`,
    label(areaTop + 12, 'requests'),
    label(barsTop + 9, 'instances'),
    `<text x="${left + 6}" y="${areaTop + 14}" fill="#fff">version 1</text>`,
    `<text x="${x(total) - 6}" y="${areaTop + areaHeight - 8}" fill="#fff" text-anchor="end">version 2</text>`,
    ...bars.flatMap(([, bar], index) => drawBar(bar, barsTop + index * (barHeight + 4), x, total)),
    ...marks.flatMap(({ at }, index) => [
      `<line x1="${x(at)}" y1="${areaTop - 4}" x2="${x(at)}" y2="${legendTop - 16}" ` +
        `stroke="${colours.text}" stroke-dasharray="2 3" stroke-width="0.7"/>`,
      `<text x="${x(at)}" y="${areaTop - 9 - (index % 2) * 11}" text-anchor="middle">${index + 1}</text>`,
    ]),
    ...marks.map(
      ({ text }, index) =>
        `<text x="${index % 2 === 0 ? left : left + (width - left) / 2}" ` +
        `y="${legendTop + Math.floor(index / 2) * 16}">${index + 1}  ${text}</text>`,
    ),
    '</svg>',
  ].join('\n')}\n`;
}

function drawBar({ begin, ready, end, old }, top, x, total) {
  const box = (from, to, fill) =>
    `<rect x="${x(from)}" y="${top}" width="${round(x(to) - x(from))}" height="${barHeight}" rx="2" fill="${fill}"/>`;
  return old ? [box(begin, end, colours.old)] : [box(begin, ready, colours.faint), box(ready, total, colours.next)];
}

function label(y, text) {
  return `<text x="${left - 10}" y="${y}" text-anchor="end">${text}</text>`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

module.exports = { rolloutPictures };
