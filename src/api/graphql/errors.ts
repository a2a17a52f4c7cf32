import { GraphQLError } from 'graphql';
import { ApiProblem, problemOf } from '../problems';

/** What clients see of an error: the same code, advice and exit code as in REST. What nobody expected stays inside. */
export function maskedBy(onFailure: (error: Error) => void): (error: unknown) => GraphQLError {
  return (error) => {
    const { original, more } = partsOf(error);
    const { detail, type: _type, ...extensions } = problemOf(original);
    if (extensions.code === 'failed') onFailure(original as Error);
    return new GraphQLError(detail, { ...more, extensions: { ...extensions } });
  };
}

interface Parts {
  original: unknown;
  more: Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'path'> | object;
}

/** An error without another one behind it is of the request: its syntax, a field that is not there, a limit. */
function partsOf(error: unknown): Parts {
  if (!(error instanceof GraphQLError)) return { original: error, more: {} };
  const { nodes, source, positions, path, originalError } = error;
  const more = { nodes, source, positions, path };
  if (originalError instanceof GraphQLError) return partsOf(originalError);
  return { original: originalError ?? new ApiProblem('bad_input', error.message), more };
}
