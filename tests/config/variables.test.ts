import { interpolate } from '../../src/config/read/variables';

const set = { SET: 'value', EMPTY: '', MONEY: '$5 ${SET}' };

/** What a text becomes, or what is said of it. */
function read(text: string): string {
  const { data, findings } = interpolate({ key: text }, set);
  return findings.length > 0 ? findings.map(({ message }) => `! ${message}`).join('\n') : (data as { key: string }).key;
}

describe('the variables of a text', () => {
  it.each([
    ['$SET ${SET} x-$SET-y', 'value value x-value-y'],
    ['$$SET $${SET} $$$$ a$$b$$${SET}', '$SET ${SET} $$ a$b$value'],
    ['${NONE:-a} ${NONE-a} ${EMPTY:-a} ${EMPTY-a} ${SET:-a}', 'a a a  value'],
    ['[${NONE:+b}] [${NONE+b}] [${EMPTY:+b}] [${EMPTY+b}] [${SET:+b}] [${SET+b}]', '[] [] [] [b] [b] [b]'],
    ['${NONE:-${NONE:-10}}', '10'],
    ['${NONE:-${NONE:-${NONE:-${NONE:-$SET}}}}', 'value'],
    ['${SET:+--verbose=${NONE:-2}}', '--verbose=2'],
    ['${NONE:-{"a":{"b":1}}}', '{"a":{"b":1}}'],
    ['{{{ ${NONE:-foo} }}} }', '{{{ foo }}} }'],
    ['${NONE:-a:-b?c+d-e} ${NONE:-}', 'a:-b?c+d-e '],
    ['${NONE:-$$HOME} ${NONE:-\n two lines\n}', '$HOME \n two lines\n'],
    ['$MONEY', '$5 ${SET}'],
    ['echo $NONE ${NONE:-$NONE}', 'echo $NONE $NONE'],
    ['$(date +$SET) cost $5 a$-b $ç ends $', '$(date +value) cost $5 a$-b $ç ends $'],
  ])('%j', (text, expected) => expect(read(text)).toBe(expected));

  it.each([
    [
      '${NONE}',
      'the variable NONE is not set; set it with --set NONE=… or in the environment, or write a ' +
        'default: ${NONE:-value}',
    ],
    ['${NONE:?say $SET}', 'the variable NONE is not set: say value; set it with --set'],
    ['${EMPTY:?}', 'the variable EMPTY is not set; set it with --set EMPTY=…'],
    ['${SET', '"${SET" has no closing brace; add }, or write $${ for a literal ${'],
    ['${NONE:-{}', '"${NONE:-{}" has no closing brace'],
    [
      '${}',
      '"${}" is not a variable reference; write ${NAME}, ${NAME:-default}, ${NAME:?message} ' +
        'or ${NAME:+other}, or $${ for a literal ${',
    ],
    ['${a.b}', '"${a.b}" is not a variable reference'],
    ['${1ST}', '"${1ST}" is not a variable reference'],
    ['${SET%%x}', '"${SET%%x}" is not a variable reference'],
    [`\${${'long '.repeat(20)}}`, '"${long long long long lo…" is not a variable reference'],
    ['${NONE:-'.repeat(30) + '}'.repeat(30), 'variables are nested more than 20 levels deep'],
  ])('%j is refused', (text, expected) => expect(read(text)).toContain(`! ${expected}`));

  it('refuses nothing of a default that is not taken', () => expect(read('${SET:-${NONE}}')).toBe('value'));
  it('takes nothing for a variable that every object has', () =>
    expect(read('${constructor}')).toContain('the variable constructor is not set'));
  it('marks as used what is set', () =>
    expect([...interpolate({ a: '$SET ${EMPTY:-${MONEY}} ${NONE+x}' }, set).used]).toEqual(['SET', 'MONEY']));
  it('marks the value of a credential, and says which variables it came from', () => {
    const marked = (text: string, variables = {}) => {
      const { data, concealed } = interpolate({ command: [text] }, variables);
      return [(data as { command: string[] }).command[0], [...concealed]];
    };
    expect(marked('psql $DB_PASSWORD -h $HOST', { DB_PASSWORD: 'a b', HOST: 'db' })).toEqual([
      'psql \uFDD0a\uFDD1 \uFDD0b\uFDD1 -h db',
      ['DB_PASSWORD'],
    ]);
    expect(marked('psql ${DB_PASSWORD:-none}')).toEqual(['psql \uFDD0none\uFDD1', ['DB_PASSWORD']]);
    expect(marked('psql $DB_PASSWORD')).toEqual(['psql $DB_PASSWORD', []]);
    expect(marked('psql $HOST', { HOST: 'db' })).toEqual(['psql db', []]);
  });
  it('refuses characters that only marks may be', () => {
    expect(interpolate({ a: '\uFDD0$SET' }, set).findings[0]!.message).toContain('U+FDD0');
    expect(interpolate({ a: '$SET' }, { SET: 'x\uFDD1' }).findings[0]!.message).toContain('the value of SET');
  });
  it('says what it leaves for the container', () => {
    expect(interpolate({ command: ['echo $NONE $SET'] }, set).warnings).toEqual([
      {
        path: ['command', 0],
        message:
          'the variable NONE is not set, so $NONE is left for the shell of the ' +
          'container; write $$NONE if you mean that, or ${NONE} to require a value',
      },
    ]);
  });
});
