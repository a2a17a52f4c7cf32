// `npm run chaos -- --faults N --seed S`: random faults on real Temporal and real Docker; exit 1 where something was
// lost.
require('./setup').runProgram('chaos');
