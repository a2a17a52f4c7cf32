jest.setTimeout(120_000);

// What is printed is compared as text, on a terminal, in a pipe and in CI alike.
process.env.NO_COLOR = '1';
delete process.env.FORCE_COLOR;
