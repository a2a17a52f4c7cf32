import type { EventEmitter } from 'node:events';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ActivityEvents } from '../activities/dependencies';
import type { StepReference } from '../model/events';
import type { EngineEvents } from './engine-events';

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Metrics of this worker, fed by the engine's events. */
export function createMetrics(engine: EventEmitter<EngineEvents>, activities: EventEmitter<ActivityEvents>): Registry {
  const registry = new Registry();
  const registers = [registry];
  const deployments = new Counter({
    name: 'deploy_code_deployments_total',
    help: 'Deployments that ended, by outcome.',
    labelNames: ['stack', 'environment', 'intent', 'outcome'],
    registers,
  });
  const started = new Counter({
    name: 'deploy_code_deployments_started_total',
    help: 'Deployments that started.',
    labelNames: ['stack', 'environment', 'intent'],
    registers,
  });
  const phases = new Histogram({
    name: 'deploy_code_phase_duration_seconds',
    help: 'Duration of a phase.',
    labelNames: ['stack', 'environment', 'phase'],
    buckets: seconds,
    registers,
  });
  const steps = new Histogram({
    name: 'deploy_code_step_duration_seconds',
    help: 'Duration of a step.',
    labelNames: ['stack', 'environment', 'service', 'step'],
    buckets: seconds,
    registers,
  });
  const failures = new Counter({
    name: 'deploy_code_step_failures_total',
    help: 'Steps that failed.',
    labelNames: ['stack', 'environment', 'service', 'step'],
    registers,
  });
  const rollbacks = new Counter({
    name: 'deploy_code_rollbacks_total',
    help: 'Rollbacks, by whether they were complete.',
    labelNames: ['stack', 'environment', 'complete'],
    registers,
  });
  const trouble = new Counter({
    name: 'deploy_code_platform_trouble_total',
    help: 'Steps that had to wait for the platform.',
    labelNames: ['stack', 'environment'],
    registers,
  });
  const breakers = new Gauge({
    name: 'deploy_code_circuit_breaker_open',
    help: '1 while automatic deployments are refused after failures in a row.',
    labelNames: ['stack', 'environment'],
    registers,
  });
  const hosts = new Gauge({
    name: 'deploy_code_host_circuit_breaker_open',
    help: '1 while the circuit breaker of a host is open, so that deployments do not wait for it.',
    labelNames: ['host'],
    registers,
  });
  const unhealthy = new Gauge({
    name: 'deploy_code_ailing_instances',
    help: 'Instances that the watch has found dead or unhealthy, and that have not recovered.',
    labelNames: ['stack', 'environment', 'service'],
    registers,
  });
  const drift = new Gauge({
    name: 'deploy_code_drift',
    help: 'Differences from the current release that no deployment made.',
    labelNames: ['stack', 'environment'],
    registers,
  });
  const actions = new Counter({
    name: 'deploy_code_watch_actions_total',
    help: 'Actions of the watch: restarts, repairs, rollbacks.',
    labelNames: ['stack', 'environment', 'action'],
    registers,
  });
  const probes = new Counter({
    name: 'deploy_code_probes_total',
    help: 'Health probes, by result.',
    labelNames: ['service', 'healthy'],
    registers,
  });
  const instances = new Counter({
    name: 'deploy_code_instance_events_total',
    help: 'Instances started, retired, revived and removed.',
    labelNames: ['service', 'event'],
    registers,
  });

  activities.on('probe', ({ service, healthy }) => probes.inc({ service, healthy: String(healthy) }));
  activities.on('instance', ({ service, event }) => instances.inc({ service, event }));
  engine.on('event', (event) => {
    if (event.code === 'host.reported') return hosts.set({ host: event.data.host }, event.data.open ? 1 : 0);
    const { stack, environment } = event;
    const place = { stack, environment };
    switch (event.code) {
      case 'deployment.started':
        return started.inc({ ...place, intent: event.data.intent });
      case 'deployment.finished':
        return deployments.inc({ ...place, intent: event.data.intent, outcome: event.data.outcome });
      case 'phase.finished':
        return phases.observe({ ...place, phase: event.data.phase }, event.data.durationMs / 1000);
      case 'step.finished':
        return steps.observe({ ...place, ...labelsOf(event.step) }, event.data.durationMs / 1000);
      case 'step.failed':
        return failures.inc({ ...place, ...labelsOf(event.step) });
      case 'step.delayed':
        return trouble.inc(place);
      case 'rollback.finished':
        return rollbacks.inc({ ...place, complete: String(event.data.complete) });
      case 'breaker.changed':
        return breakers.set(place, event.data.open ? 1 : 0);
      case 'module.health_changed':
        return unhealthy[event.data.healthy ? 'dec' : 'inc']({ ...place, service: event.data.service });
      case 'drift.changed':
        return drift.set(place, event.data.drift.length);
      case 'watch.acted':
        return actions.inc({ ...place, action: event.data.action });
    }
  });
  return registry;
}

function labelsOf({ service = '', kind }: StepReference): { service: string; step: string } {
  return { service, step: kind };
}
