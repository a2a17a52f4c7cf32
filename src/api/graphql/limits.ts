import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** Limits of one request, which are found before anything of it is done. */
export const limits = {
  /** Names, brackets and values of the text. */
  tokens: 2000,
  /** Levels of fields. */
  depth: 15,
  /** Fields with another name than their own. */
  aliases: 30,
  /** Fields that ask the engine: each is a request of its own in REST. */
  reads: 20,
  /** All fields, with those of fragments as often as they are used. */
  fields: 1000,
} as const;

interface Size {
  depth: number;
  aliases: number;
  reads: number;
  fields: number;
}

const nothing: Size = { depth: 0, aliases: 0, reads: 0, fields: 0 };
const endless: Size = { depth: Infinity, aliases: Infinity, reads: Infinity, fields: Infinity };

/** A rule of validation. `isRead`: for the names of fields that ask the engine. */
export function limitsRule(isRead: (field: string) => boolean) {
  return (context: ValidationContext): ASTVisitor => ({
    Document: {
      enter(document: DocumentNode) {
        const sizes = new Sizes(document, isRead);
        const operations = document.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
        if (operations.length > 1) context.reportError(new GraphQLError('a request has one operation'));
        for (const operation of operations) report(context, sizes.of(operation.selectionSet), operation);
      },
    },
  });
}

function report(context: ValidationContext, size: Size, node: DefinitionNode): void {
  for (const name of ['depth', 'aliases', 'reads', 'fields'] as const)
    if (size[name] > limits[name])
      context.reportError(
        new GraphQLError(`the request is too large: it may have at most ${limits[name]} ${texts[name]}`, {
          nodes: [node],
        }),
      );
}

const texts = {
  depth: 'levels of fields',
  aliases: 'aliases',
  reads: 'fields that ask the engine',
  fields: 'fields',
} as const;

/** Sizes of selections. Each fragment is measured once, however often it is used. */
class Sizes {
  private readonly fragments: Map<string, FragmentDefinitionNode>;
  private readonly known = new Map<string, Size>();

  constructor(
    { definitions }: DocumentNode,
    private readonly isRead: (field: string) => boolean,
  ) {
    const found = definitions.filter((each) => each.kind === Kind.FRAGMENT_DEFINITION);
    this.fragments = new Map(found.map((each) => [each.name.value, each]));
  }

  of({ selections }: SelectionSetNode): Size {
    return selections.map((each) => this.ofOne(each)).reduce(sum, nothing);
  }

  private ofOne(selection: SelectionSetNode['selections'][number]): Size {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.ofFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.of(selection.selectionSet);
    const { name, alias, selectionSet } = selection;
    const inner = selectionSet ? this.of(selectionSet) : nothing;
    const own = { aliases: alias ? 1 : 0, reads: this.isRead(name.value) ? 1 : 0, fields: 1 };
    return { ...sum(inner, { depth: 0, ...own }), depth: inner.depth + 1 };
  }

  /** A fragment that contains itself is endless. */
  private ofFragment(name: string): Size {
    const known = this.known.get(name);
    if (known) return known;
    const fragment = this.fragments.get(name);
    if (!fragment) return nothing;
    this.known.set(name, endless);
    const size = this.of(fragment.selectionSet);
    this.known.set(name, size);
    return size;
  }
}

function sum(one: Size, other: Size): Size {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: one.aliases + other.aliases,
    reads: one.reads + other.reads,
    fields: one.fields + other.fields,
  };
}
