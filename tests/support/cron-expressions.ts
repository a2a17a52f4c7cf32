/** Cron expressions that Temporal takes, and others that it, or we, refuse. */
export const cronExpressions = {
  taken: [
    '0 3 * * *', '* * * * *', '0 0 * * 7', '0 0 * * 5-7', '0 0 * * MON-FRI', '0 0 * * mon', '0 0 * * monday', '0 0 1 jan *', '0 0 1 January *', '5/15 * * * *', '*/15 * * * *',
    '*/100 * * * *', '1,2,30-40/5 * * * *', '01 03 * * *', '0 0 29 2 *', '0 0 31 1-12 *', '  0   3 * * *  ', '0\t3 * * *', '@every 5m', '@every 1h30m', '@every 1d', '@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually',
  ],
  refused: [
    '* * * *', '60 * * * *', '0 24 * * *', '0 0 0 * *', '0 0 32 * *', '0 0 1 13 *', '0 0 * * 8', '*/0 * * * *', '9-5 * * * *', '1,2,,3 * * * *', '? * * * *', '0 0 L * *', '0 0 1W * *', '*-5 * * * *',
    '0 0 * * FRI-MON', '0 0 * * mo', '-1 * * * *', '1.5 * * * *', '@every 90', '@every x', '@every', '@Daily', '@reboot', 'TZ=Europe/Berlin 0 3 * * *', '',
  ],
};
