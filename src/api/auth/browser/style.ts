/** The style of all pages, a file of its own: pages have no inline style. */
export const style = `
:root { color-scheme: light dark; --ink: #1b2430; --dim: #5b6878; --back: #f4f6f8; --card: #fff; --line: #d5dbe3;
  --accent: #1f5fd0; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --dim: #9aa7b8; --back: #10151c; --card: #19212b;
  --line: #2d3846; --accent: #78a5f7; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); }
main { max-width: 26rem; margin: 10vh auto; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.dim { color: var(--dim); font-size: .875rem; }
.bad { color: var(--bad); }
form { margin: 0 0 1rem; }
label { display: block; margin: 0 0 .25rem; font-size: .875rem; }
input { width: 100%; padding: .625rem .75rem; margin: 0 0 1rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 8px; }
.button { display: block; width: 100%; padding: .625rem 1rem; margin: 0 0 .75rem; font: inherit; text-align: center;
  text-decoration: none; color: var(--accent); background: transparent; border: 1px solid var(--line);
  border-radius: 8px; cursor: pointer; }
.main { color: #fff; background: #1f5fd0; border-color: #1f5fd0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { margin: 0 0 1rem; } dt { font-size: .875rem; color: var(--dim); }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
.code { font: 1.25rem ui-monospace, monospace; letter-spacing: .1em; }
.qr { display: block; width: 14rem; margin: 0 auto 1rem; }
.codes { columns: 2; padding: 0; list-style: none; font-family: ui-monospace, monospace; }
`.trimStart();
