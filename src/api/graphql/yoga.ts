import { type GraphQLError, parse } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Route } from '../route';
import { maskedBy } from './errors';
import { limits, limitsRule } from './limits';
import { readsOf, schemaOf, type Asking, type Execute } from './schema';

/** GraphQL itself, which is loaded with the first request: it takes longer to load than everything else. */
export function executeWith(routes: readonly Route[], onFailure: (error: Error) => void): Execute {
  const reads = readsOf(routes);
  const mask = maskedBy(onFailure);
  const yoga = createYoga<Asking>({
    schema: schemaOf(routes),
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    batching: false,
    multipart: false,
    cors: false,
    logging: false,
    // It would keep the texts of clients in memory.
    parserAndValidationCache: false,
    maskedErrors: { maskError: mask },
    plugins: [limiting((field) => reads.has(field)), masking(mask)],
  });
  return async (asking) => {
    const { body, headers } = asking.http;
    const { accept = 'application/json' } = headers;
    const init = { method: 'POST', headers: { accept, 'content-type': 'application/json' } };
    return yoga.fetch('http://server/graphql', { ...init, body: JSON.stringify(body), signal: asking.gone }, asking);
  };
}

function limiting(isRead: (field: string) => boolean): Plugin {
  const rule = limitsRule(isRead);
  return {
    onParse: ({ setParseFn }) =>
      setParseFn((source: Parameters<typeof parse>[0], options: object) =>
        parse(source, { ...options, maxTokens: limits.tokens }),
      ),
    onValidate: ({ addValidationRule }) => addValidationRule(rule),
  };
}

/** Errors of the text of a request have codes of their own in Yoga. */
function masking(mask: (error: unknown) => GraphQLError): Plugin {
  return {
    onExecutionResult: (payload) => {
      const { result } = payload;
      if (result && !Array.isArray(result) && 'errors' in result && result.errors)
        payload.setResult({ ...result, errors: result.errors.map((each) => (isMasked(each) ? each : mask(each))) });
    },
  };
}

function isMasked({ extensions }: GraphQLError): boolean {
  return typeof extensions?.status === 'number';
}
