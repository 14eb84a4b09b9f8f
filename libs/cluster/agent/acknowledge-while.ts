/**
 * A view of `target` whose promises reject with `refusal()` when `may()` no longer holds by the time they would
 * resolve: what was done after the right to do it had ended is not acknowledged. The rooms it has as properties are seen
 * likewise. Everything else passes through.
 */
export function acknowledgeWhile<T extends object>(target: T, may: () => boolean, refusal: () => Error): T {
  const wrapped = new Map<PropertyKey, unknown>();
  const settle = <R>(result: R): R => {
    if (may()) return result;
    throw refusal();
  };
  return new Proxy(target, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property, object);
      const known = wrapped.get(property);
      if (known) return known;
      if (typeof value === 'object' && value !== null && !(value instanceof Promise)) {
        const room = acknowledgeWhile(value, may, refusal);
        wrapped.set(property, room);
        return room;
      }
      if (typeof value !== 'function') return value;
      const wrapper = (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, object, args);
        return result instanceof Promise ? result.then(settle) : result;
      };
      wrapped.set(property, wrapper);
      return wrapper;
    },
  });
}
