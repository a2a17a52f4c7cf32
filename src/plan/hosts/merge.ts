import type { Stack } from '../../model/stack';
import type { HostPlan } from './host-plan';
import { lanesOf, type PlannedPhase, type PlannedService } from '../plan';

/**
 * Merges the phases of all hosts: removals that block new instances first, then the phases of the stack, then all other
 * removals.
 */
export function inOrderOfPhases(parts: readonly HostPlan[], stack: Stack): PlannedPhase[] {
  const first = parts.map(({ removals }) => named(removals.first, stack));
  const last = parts.map(({ removals }) => named(removals.last, stack));
  return [...mergePhases(first), ...mergePhases(parts.map(({ phases }) => phases)), ...mergePhases(last)];
}

/** Merges phases of the same number across hosts. */
function mergePhases(of: readonly PlannedPhase[][]): PlannedPhase[] {
  const merged = new Map<string, PlannedPhase>();
  for (const phases of of) {
    for (const [index, phase] of phases.entries()) {
      const key = phase.number === 0 ? `0/${index}` : String(phase.number);
      const found = merged.get(key);
      merged.set(key, found ? { ...found, services: [...found.services, ...phase.services] } : phase);
    }
  }
  return [...merged.values()].sort((a, b) => a.number - b.number);
}

/** A service that moves to another host is in the plan twice; its removal is named after the old host. */
function named(removals: PlannedPhase[], { services }: Stack): PlannedPhase[] {
  return removals.map((phase) => ({
    ...phase,
    services: phase.services.map((service) => (services[service.name] ? asMoved(service) : service)),
  }));
}

function asMoved(service: PlannedService): PlannedService {
  const [step] = lanesOf(service).flat();
  return step ? { ...service, name: `${service.name} (on ${step.host})` } : service;
}
