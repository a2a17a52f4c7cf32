const vendor = '[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?';
const category = '[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?';
const device = '[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?';
const qualified = new RegExp(`^${vendor}/${category}=${device}$`);

/** True for a device of the Container Device Interface, such as `nvidia.com/gpu=all`. */
export function isCdiDevice(name: string): boolean {
  return qualified.test(name);
}

/** True for one whose class says that it is a GPU. */
export function isCdiGpu(name: string): boolean {
  return isCdiDevice(name) && name.includes('/gpu=');
}
