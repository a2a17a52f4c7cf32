import { didYouMean } from '../schema/suggest';
import { at, eachService, type Rule } from './rule';

const capabilities = (
  'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH ' +
  'FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN ' +
  'NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT ' +
  'SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM ALL'
).split(' ');

/** Capabilities must be those of Linux, with or without `CAP_`, or `ALL`. */
export const capabilitiesExist: Rule = eachService((service) =>
  (['cap_add', 'cap_drop'] as const).flatMap((key) =>
    (key === 'cap_add' ? service.capAdd : service.capDrop).flatMap((written, index) => {
      const name = written.toUpperCase().replace(/^CAP_/, '');
      if (capabilities.includes(name)) return [];
      const message = `there is no capability "${written}"${didYouMean(name, capabilities)}; see man 7 capabilities`;
      return [at(service, [key, index], message)];
    }),
  ),
);

const signals = (
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM ' +
  'TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'
).split(' ');
const numbered = /^(?:[1-9]|[1-5]\d|6[0-4])$/;
const realTime = /^RT(?:MIN(?:\+\d{1,2})?|MAX(?:-\d{1,2})?)$/;

/** A stop signal must be one of Linux, by name or by number. */
export const stopSignalExists: Rule = eachService((service) => {
  const { stopSignal } = service;
  if (stopSignal === undefined || numbered.test(stopSignal)) return [];
  const name = stopSignal.toUpperCase().replace(/^SIG/, '');
  if (signals.includes(name) || realTime.test(name)) return [];
  return [at(service, ['stop_signal'], `there is no signal "${stopSignal}"${didYouMean(name, signals)}`)];
});
