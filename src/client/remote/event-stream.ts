/** One message of a stream of server-sent events. */
export interface StreamMessage {
  name: string;
  id?: string;
  data: string;
}

const longestLine = 16 * 1024 * 1024;

/**
 * The messages of a stream of server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html
 * describes them.
 * @throws Error if a line is longer than a message of the API is
 */
export async function* messagesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage> {
  let fields: Partial<Record<string, string>> = {};
  for await (const line of linesOf(stream)) {
    if (line !== '') {
      addField(fields, line);
      continue;
    }
    const { event: name = 'message', id, data } = fields;
    if (data !== undefined) yield { name, data, ...(id !== undefined && { id }) };
    fields = {};
  }
}

function addField(fields: Partial<Record<string, string>>, line: string): void {
  const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line)!;
  if (name === 'data' && fields.data !== undefined) fields.data += `\n${value}`;
  else if (name === 'event' || name === 'id' || name === 'data') fields[name] = value;
}

async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let waiting = '';
  for await (const bytes of stream) {
    const lines = (waiting + decoder.decode(bytes, { stream: true })).split(/\r\n|\n/);
    waiting = lines.pop()!;
    if (waiting.length > longestLine) throw new Error('a message of the server is too large');
    yield* lines;
  }
}
