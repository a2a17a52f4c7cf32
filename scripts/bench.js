// `npm run bench [-- NAME...] [--json]`: one row a figure with its bar; exit 1 where one falls short.
require('./setup').runProgram('bench');
