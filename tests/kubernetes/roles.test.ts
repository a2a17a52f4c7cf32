import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

interface Rbac {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: { resources: string[]; verbs: string[] }[];
  roleRef?: { kind: string; name: string };
}

const read = (name: string) =>
  parseAllDocuments(readFileSync(`configs/kubernetes/${name}.yaml`, 'utf8')).map((document) => document.toJS() as Rbac);
const boundEverywhere = (documents: Rbac[]) =>
  documents.filter(({ kind }) => kind === 'ClusterRoleBinding').map(({ roleRef }) => roleRef!.name);

describe('the shipped roles', () => {
  const roles = read('roles');
  const rulesOf = (name: string) =>
    roles.find((each) => each.kind === 'ClusterRole' && each.metadata.name === name)!.rules!;

  it('give no access to secrets, and to no namespace, unless one is bound', () => {
    const everywhere = boundEverywhere(roles).flatMap(rulesOf);
    expect(everywhere.flatMap(({ resources }) => resources)).not.toContain('secrets');
    expect([...new Set(everywhere.flatMap(({ verbs }) => verbs))].sort()).toEqual(['get', 'list']);
  });

  it('are bound in one namespace by the template, and in all of them only by a file of its own', () => {
    expect(read('namespace').map(({ kind, roleRef }) => [kind, roleRef?.name])).toEqual([
      ['Namespace', undefined],
      ['RoleBinding', 'deploy-code'],
    ]);
    expect(boundEverywhere(read('every-namespace'))).toEqual(['deploy-code-namespaces', 'deploy-code']);
  });
});
